"""Teach the predicted-IoU head again: on frozen weights, at the mask threshold that was chosen.

    python -m promptable.quality --task nuclei --checkpoint runs/nuclei/last.pt --out runs/nuclei-quality \
        --validation runs/nuclei/validation.json

While the whole model trains, its masks change under this head, its images are changed much, and masks are cut at
logit 0; the product cuts them elsewhere. Only training images teach; thresholds must be chosen again afterwards.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn

from .automatic import AutoConfig, foreground_peaks, inside, peaks
from .calibrate import crop_of, few
from .datasets import Sample
from .heads import Standard, refresh
from .looks import LOOKS, looks
from .model import Promptable, load
from .prompted import asked_for, mask_of, overlap
from .runtime import Encoded, TorchRuntime
from .stain import statistics
from .tasks import TASKS
from .train import save

STEPS = 3000
RATE = 2e-3
BATCH = 512


class Listener:
    """What the IoU head reads while a runtime decodes."""

    def __init__(self, model: Promptable) -> None:
        self.heard: list[Tensor] = []
        listen = model.decoder.quality.register_forward_pre_hook
        self._handle = listen(lambda _, inputs: self.heard.append(inputs[0].clone()))

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.remove()

    def take(self) -> np.ndarray:
        """Everything since the last call, [P,T]."""
        out = torch.cat(self.heard).numpy()
        self.heard.clear()
        return out


def prompts(
    label: np.ndarray, ids: list[int], encoded: Encoded, stride: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points [P,2], boxes [P,4] (width 0: none) and the object each asks for (0: background).

    Each object's centroid, a pixel of it, its box moved a little; peaks of objectness, and of foreground, claimed or
    not; some background.
    """
    places = ndimage.find_objects(label)
    points, boxes, asked = [], [], []
    none = np.zeros(4, np.float32)
    for number in ids:
        place = places[number - 1]
        y, x = np.nonzero(label[place] == number)
        y, x = y + place[0].start + 0.5, x + place[1].start + 0.5
        any_of = rng.integers(len(x))
        points += [(x.mean(), y.mean()), (x[any_of], y[any_of])]
        boxes += [none, none]
        box = np.array([x.min() - 0.5, y.min() - 0.5, x.max() + 0.5, y.max() + 0.5])
        box += rng.normal(0, 0.05, 4) * np.tile(box[2:] - box[:2], 2)
        box[2:] = np.maximum(box[2:], box[:2] + 2)
        points.append(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
        boxes.append(box)
        asked += [number] * 3
    found = inside(peaks(encoded.objectness, 0.2, 3.0 * stride, stride), *label.shape)
    found = np.concatenate([found, foreground_peaks(encoded, [], stride, 0.5, 3.0 * stride)])
    empty = np.argwhere(label == 0)[:, ::-1] + 0.5
    empty = empty[rng.integers(len(empty), size=len(ids) // 3 + 1)] if len(empty) else empty
    for point in (*found, *empty):
        points.append(tuple(point))
        boxes.append(none)
        asked.append(int(label[int(point[1]), int(point[0])]))
    # Without any prompt the arrays keep their shapes.
    return np.array(points, np.float32).reshape(-1, 2), np.array(boxes, np.float32).reshape(-1, 4), np.array(asked, int)


def collect(
    model: Promptable, samples: list[Sample], config: AutoConfig, bfloat16: bool, seen: int = LOOKS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the head reads [P,T], true IoUs [P], and weights [P] by which every source counts the same.

    Each image is looked at as it is, in another training image's colours, and at half the pixels, or the first
    ``seen`` of these: under a scanner it does not know the model is worse, and the head must know it.
    """
    runtime = TorchRuntime(model, bfloat16)
    x, y, source = [], [], []
    targets = np.stack([statistics(s.image) for s in samples])
    with Listener(model) as listener:
        for at, sample in enumerate(samples):
            image, label = crop_of(sample)
            ids = asked_for(label, sample.ambiguous)
            rng = np.random.default_rng([7, at])
            part = replace(sample, image=image, label=label)
            for look in looks(part, rng, targets)[:seen]:
                encoded = runtime.encode(look.image)
                points, boxes, asked = prompts(label, ids, encoded, runtime.stride, rng)
                sure = ~np.isin(asked, sample.ambiguous)
                points, boxes, asked = points[sure], boxes[sure], asked[sure]
                boxed = boxes[:, 2] > boxes[:, 0]
                for some, given in ((~boxed, None), (boxed, boxes[boxed])):
                    if not some.any():
                        continue
                    windows, origins, _ = runtime.decode(encoded, points[some], given)
                    x.append(listener.take())
                    for window, origin, number in zip(windows, origins, asked[some], strict=True):
                        mask = mask_of(window, origin, encoded, runtime.stride, config.mask_threshold)
                        y.append(overlap(mask, label, int(number)).iou if number else 0.0)
                    source += [sample.source] * int(some.sum())
    names, index, counts = np.unique(source, return_inverse=True, return_counts=True)
    return np.concatenate(x), np.array(y, np.float32), (1 / counts)[index] * len(index) / len(names)


def teach(head: nn.Sequential, x: Tensor, y: Tensor, weight: Tensor, seed: int, steps: int = STEPS) -> float:
    """Train a fresh head; the last tenth's mean loss."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    refresh(head)
    standard = Standard.of(x)
    optimiser = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    late = []
    for step in range(steps):
        at = torch.multinomial(weight, BATCH, replacement=True, generator=generator)
        said = head(standard(x[at]))[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(said, y[at])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        if step >= steps * 0.9:
            late.append(float(loss.detach()))
    standard.fold(head)
    return float(np.mean(late))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=sorted(TASKS), default="nuclei")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--validation", type=Path, required=True, help="its thresholds, of promptable.validate")
    parser.add_argument("--painted", type=Path)
    parser.add_argument("--each", type=int, default=200, help="at most so many training images of a source")
    parser.add_argument("--looks", type=int, choices=range(1, LOOKS + 1), default=LOOKS, help="1: images as they are")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    task = TASKS[args.task]
    model = load(str(args.checkpoint))
    config = AutoConfig(**json.loads(args.validation.read_text())["auto"])
    taught = [s for s in task.outlined(args.painted) if not s.validation]
    with torch.no_grad():
        x, y, weight = collect(model, few(taught, args.each), config, args.bfloat16, args.looks)
    loss = teach(model.decoder.quality, *(torch.from_numpy(v) for v in (x, y, weight)), args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    save(args.out / "last.pt", {"config": model.config.as_dict(), "task": args.task, "ema": model.state_dict()})
    report = {
        "args": {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()},
        "mask_threshold": config.mask_threshold,
        "prompts": len(y),
        "mean_iou": round(float(y.mean()), 4),
        "loss": round(loss, 4),
    }
    (args.out / "quality.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
