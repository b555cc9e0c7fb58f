"""Teach a trained model to tell its objects apart: a small head on frozen weights.

    python -m promptable.classes --checkpoint runs/nuclei/last.pt --out runs/nuclei-classes

Learnt from the classified centroids of points-brca-m2c, split by patient (TCGA case): two thirds teach, one sixth
chooses the threshold and when to stop, one sixth is measured. Prompts are the centroids, moved a little.
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .automatic import inside, peaks
from .datasets import CLASSES, Sample, load_points
from .encoder import normalise
from .heads import Standard, refresh
from .looks import variants
from .model import Promptable, load
from .runtime import input_stride, pad
from .stain import statistics
from .train import save


def side_of(name: str) -> str:
    """Which part of the split a field's patient is in."""
    at = int(hashlib.sha256(name[:12].encode()).hexdigest(), 16) % 6
    return "measure" if at == 0 else "choose" if at == 1 else "teach"


def with_classes(model: Promptable, count: int) -> Promptable:
    """The same weights with a fresh head for ``count`` classes."""
    config = replace(model.config, decoder=replace(model.config.decoder, classes=count))
    out = Promptable(config)
    missing, extra = out.load_state_dict(model.state_dict(), strict=False)
    if extra or any(not name.startswith("decoder.kind.") for name in missing):
        raise ValueError(f"unexpected weights: {missing} {extra}")
    return out.eval()


@torch.no_grad()
def seen(model: Promptable, image: np.ndarray, points: np.ndarray, batch: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """What the class head reads of each prompt [P,T], and the objectness map [H/s,W/s]."""
    padded = torch.from_numpy(np.ascontiguousarray(pad(image, input_stride(model.config.decoder.stride))))[None]
    out = model.encoder(normalise(padded).contiguous(memory_format=torch.channels_last))
    embedding, features = out["embedding"].contiguous(), out["features"].contiguous()
    told = []
    for at in range(0, len(points), batch):
        some = torch.from_numpy(points[at : at + batch].astype(np.float32))
        none = torch.zeros(len(some), 4)
        told.append(model.decoder.answer(embedding, features, some, none, none[:, 0])[3])
    width = model.decoder.told_size(model.config.decoder)
    joined = torch.cat(told).numpy() if told else np.zeros((0, width), np.float32)
    return joined, torch.sigmoid(out["dense"][0, 0]).numpy()


def middle(sample: Sample, side: int) -> Sample:
    """The middle ``side`` px of a field, and the centres in it."""
    assert sample.points is not None and sample.classes is not None
    height, width = sample.label.shape
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    points = sample.points - np.array([left, top], np.float32)
    inside = ((points >= 2) & (points < side - 2)).all(1)
    return replace(
        sample,
        image=np.ascontiguousarray(sample.image[top : top + side, left : left + side]),
        label=sample.label[top : top + side, left : left + side],
        points=points[inside],
        classes=sample.classes[inside],
    )


def collect(model: Promptable, samples: list[Sample], looks: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Inputs of the head, classes, and the part of the split of every prompt."""
    targets = np.stack([statistics(s.image) for s in samples])
    x, y, sides = [], [], []
    for at, sample in enumerate(samples):
        assert sample.points is not None and sample.classes is not None
        side, rng = side_of(sample.name), np.random.default_rng([5, at])
        for image in variants(sample, rng, targets, looks if side == "teach" else 1):
            moved = sample.points + rng.normal(0, 1.5, sample.points.shape)
            x.append(seen(model, image, moved)[0])
            y.append(sample.classes)
            sides += [side] * len(sample.classes)
    return np.concatenate(x), np.concatenate(y), sides


def scores(truth: np.ndarray, chosen: np.ndarray) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 a class; ``chosen`` -1 is no class."""
    out = {}
    for k, name in enumerate(CLASSES):
        hit = int(((truth == k) & (chosen == k)).sum())
        said, real = int((chosen == k).sum()), int((truth == k).sum())
        precision, recall = hit / max(said, 1), hit / max(real, 1)
        f1 = 2 * hit / max(said + real, 1)
        out[name] = {"precision": precision, "recall": recall, "f1": f1, "objects": real}
    return out


def teach(
    head: nn.Sequential, x: torch.Tensor, y: torch.Tensor, check: tuple[torch.Tensor, torch.Tensor], seed: int
) -> float:
    """Train the head; keep what does best on the choosing side (mean F1). Returns that."""
    generator = torch.Generator().manual_seed(seed)
    standard = Standard.of(x)
    weight = 1 / torch.bincount(y).float().sqrt()
    weight = weight / weight.mean()
    optimiser = torch.optim.AdamW(head.parameters(), lr=2e-3, weight_decay=0.05)
    best, kept = -1.0, copy.deepcopy(head.state_dict())
    steps = 2500
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * 0.5 * (1 + np.cos(np.pi * step / steps))
        at = torch.randint(len(x), (256,), generator=generator)
        head.train()
        inputs = nn.functional.dropout(standard(x[at]), 0.2)
        loss = nn.functional.cross_entropy(head(inputs), y[at], weight, label_smoothing=0.05)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if (step + 1) % 100 == 0:
            with torch.no_grad():
                said = head(standard(check[0])).argmax(1).numpy()
            got = float(np.mean([v["f1"] for v in scores(check[1].numpy(), said).values()]))
            if got > best:
                best, kept = got, copy.deepcopy(head.state_dict())
    head.load_state_dict(kept)
    standard.fold(head)
    return best


def choose_threshold(p: np.ndarray, truth: np.ndarray, precision: float = 0.85) -> float:
    """The lowest probability above which named objects are right this often."""
    said, sure = p.argmax(1), p.max(1)
    for threshold in np.arange(0.4, 0.96, 0.02):
        keep = sure > threshold
        if keep.any() and (said[keep] == truth[keep]).mean() >= precision:
            return round(float(threshold), 2)
    return 0.95


@torch.no_grad()
def measure(
    model: Promptable, samples: list[Sample], threshold: float, objectness: float, radius: float
) -> dict[str, object]:
    """Held-out patients: at the true centres, and at the model's own peaks (matched within 3 µm)."""
    truth, chosen, sure, truth_auto, chosen_auto, found, said = [], [], [], [], [], 0, 0
    for sample in samples:
        assert sample.points is not None and sample.classes is not None
        told, heat = seen(model, sample.image, sample.points)
        p = torch.softmax(model.decoder.kind(torch.from_numpy(told)), 1).numpy()
        truth.append(sample.classes)
        chosen.append(p.argmax(1))
        sure.append(p.max(1))
        at = inside(peaks(heat, objectness, radius, model.config.decoder.stride), *sample.image.shape[:2])
        own = torch.softmax(model.decoder.kind(torch.from_numpy(seen(model, sample.image, at)[0])), 1).numpy()
        distance = (
            np.hypot(*(at[:, None] - sample.points[None]).transpose(2, 0, 1)) if len(at) else np.zeros((0, len(p)))
        )
        free = np.ones(len(sample.points), bool)
        for i in np.argsort(distance.min(1)) if len(at) and len(p) else []:
            j = int(np.argmin(np.where(free, distance[i], np.inf)))
            if free[j] and distance[i, j] <= 12:
                free[j] = False
                truth_auto.append(sample.classes[j])
                chosen_auto.append(own[i].argmax() if own[i].max() > threshold else -1)
        found += int((~free).sum())
        said += len(at)
    t, c, s = np.concatenate(truth), np.concatenate(chosen), np.concatenate(sure)
    return {
        "patients": len({s_.name[:12] for s_ in samples}),
        "at_centres": scores(t, c),
        "at_centres_accuracy": float((t == c).mean()),
        "named_share": float((s > threshold).mean()),
        "named_accuracy": float((t == c)[s > threshold].mean()),
        "named": scores(t, np.where(s > threshold, c, -1)),
        "detection": {"precision": found / max(said, 1), "recall": found / len(t)},
        "named_at_peaks": scores(np.array(truth_auto), np.array(chosen_auto)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--looks", type=int, default=1, help="1: the fields as they are; more: in other colours too")
    parser.add_argument("--side", type=int, default=512, help="px of each field that are looked at")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--objectness", type=float, default=0.45)
    parser.add_argument("--radius", type=float, default=12.0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = with_classes(load(str(args.checkpoint)), len(CLASSES))
    samples = [middle(s, args.side) for s in load_points()]
    x, y, sides = collect(model, samples, args.looks)
    side = np.array(sides)
    part = {s: (torch.from_numpy(x[side == s]), torch.from_numpy(y[side == s])) for s in ("teach", "choose", "measure")}
    results = []
    best: tuple[float, dict[str, torch.Tensor]] | None = None
    for seed in range(args.seeds):
        torch.manual_seed(seed)
        head = copy.deepcopy(model.decoder.kind)
        refresh(head)
        got = teach(head, *part["teach"], part["choose"], seed)
        with torch.no_grad():
            said = head(part["measure"][0]).argmax(1).numpy()
        f1 = {k: v["f1"] for k, v in scores(part["measure"][1].numpy(), said).items()}
        results.append({"seed": seed, "choose_mean_f1": got, "measure_f1": f1})
        print(json.dumps(results[-1]), flush=True)
        if best is None or got > best[0]:
            best = (got, head.state_dict())
    assert best is not None
    model.decoder.kind.load_state_dict(best[1])
    with torch.no_grad():
        p = torch.softmax(model.decoder.kind(part["choose"][0]), 1).numpy()
    threshold = choose_threshold(p, part["choose"][1].numpy())
    held = [s for s in samples if side_of(s.name) == "measure"]
    report = {
        "classes": CLASSES,
        "threshold": threshold,
        "prompts": {s: int((side == s).sum()) for s in part},
        "fields": {s: sum(side_of(f.name) == s for f in samples) for s in part},
        "seeds": results,
        "measure": measure(model, held, threshold, args.objectness, args.radius),
    }
    args.out.mkdir(parents=True, exist_ok=True)
    save(args.out / "last.pt", {"config": model.config.as_dict(), "task": "nuclei", "ema": model.state_dict()})
    (args.out / "classes.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
