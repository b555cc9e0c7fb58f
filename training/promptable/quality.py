"""Teach the predicted-IoU head again, on frozen weights and at the mask threshold that ships.

    python -m promptable.quality --task nuclei --checkpoint runs/nuclei-gr/last.pt --threshold -0.75 \\
        --painted runs/painted --out runs/nuclei-gq

While everything trains, the head judges masks that change under it, cut at a logit of 0, by the batch's own BatchNorm.
Here the network stands still and is what will be exported: the head sees masks as they will be cut.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .batches import Batches
from .encoder import normalise
from .losses import EVERY, cover, empty_prompts
from .model import Promptable, load
from .tasks import TASKS, Task
from .train import save


@torch.no_grad()
def judged(model: Promptable, batch: dict[str, Tensor], empty: int, threshold: float) -> tuple[Tensor, Tensor]:
    """What the head reads of a batch's prompts [P,S], and the true IoU of their masks [P] (0 on background)."""
    c = model.config.decoder
    out = model.encoder(normalise(batch["image"]).contiguous(memory_format=torch.channels_last))
    out = {k: v.contiguous() for k, v in out.items()}
    extra, extra_owner = empty_prompts(out["dense"][:, 0], batch["background"], empty, c.stride)
    none = torch.zeros(len(extra))
    points = torch.cat([batch["points"], extra])
    owner = torch.cat([batch["owner"], extra_owner])
    boxes = torch.cat([batch["boxes"], none[:, None].expand(-1, 4)])
    has_box = torch.cat([batch["has_box"], none])
    ids = torch.cat([batch["ids"], none.long()])
    read: list[Tensor] = []
    hook = model.decoder.quality.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    windows, origins, _ = model.decoder(out["embedding"], out["features"], points, boxes, has_box, owner)
    hook.remove()
    target = cover(batch["label"], origins, owner, ids, c.stride, c.cells) > 0.5
    mask = windows[:, 0, ::EVERY] > threshold
    common = (mask & target).sum((1, 2)).float()
    truth = common / (mask | target).sum((1, 2)).float().clamp(min=1)
    return read[0], truth * (ids > 0)


def collect(model: Promptable, task: Task, batches: Batches, threshold: float) -> tuple[Tensor, Tensor]:
    """``judged`` over all batches that have prompts."""
    read, truth = [], []
    for step in range(len(batches)):
        batch = batches[step]
        if len(batch["points"]):
            some, true = judged(model, batch, task.empty_prompts, threshold)
            read.append(some)
            truth.append(true)
    return torch.cat(read), torch.cat(truth)


def teach(head: nn.Module, read: Tensor, truth: Tensor, seed: int, steps: int = 6000, top: float = 1e-3) -> float:
    """Fine-tune the head by BCE against the true IoU. Returns the mean loss of the last tenth."""
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(head.parameters(), lr=top, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    last = 0.0
    for step in range(steps):
        at = torch.randint(len(read), (512,), generator=generator)
        loss = F.binary_cross_entropy_with_logits(head(read[at])[:, 0], truth[at])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        if step >= steps * 9 // 10:
            last += float(loss.detach()) / (steps // 10)
    return last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=sorted(TASKS), default="nuclei")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--threshold", type=float, required=True, help="logit that masks are cut at")
    parser.add_argument("--painted", type=Path)
    parser.add_argument("--outlines", type=Path)
    parser.add_argument("--batches", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    task = TASKS[args.task]
    model = load(str(args.checkpoint))
    batches = Batches(task.load(args.painted, args.outlines), task.batches(args.seed), args.batches)
    read, truth = collect(model, task, batches, args.threshold)
    with torch.no_grad():
        before = float(F.binary_cross_entropy_with_logits(model.decoder.quality(read)[:, 0], truth))
    after = teach(model.decoder.quality, read, truth, args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    save(args.out / "last.pt", {"config": model.config.as_dict(), "task": task.name, "ema": model.state_dict()})
    report = {"prompts": len(truth), "threshold": args.threshold, "loss_before": before, "loss_after": after}
    (args.out / "quality.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
