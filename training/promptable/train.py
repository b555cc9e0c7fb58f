"""Train a model. Kill it at any moment; the same command goes on from the last checkpoint.

python -m promptable.train --task nuclei --out runs/nuclei --minutes 60
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import time
from dataclasses import replace
from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing
from torch import Tensor, nn

from .batches import Batches, loader
from .encoder import normalise
from .losses import batch_loss
from .model import ModelConfig, Promptable, grow
from .optimisers import OPTIMISERS
from .tasks import TASKS


def rate(step: int, total: int, top: float, warm: int = 100) -> float:
    """Linear warm-up, then a cosine to nearly nothing."""
    if step < warm:
        return top * (step + 1) / warm
    return top * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1, (step - warm) / max(1, total - warm)))))


@torch.no_grad()
def average(ema: nn.Module, model: nn.Module, step: int) -> None:
    """Exponential moving average of the weights, quick at the start."""
    keep = min(0.998, (step + 1) / (step + 20))
    for a, b in zip(ema.state_dict().values(), model.state_dict().values(), strict=True):
        if a.dtype.is_floating_point:
            a.lerp_(b, 1 - keep)
        else:
            a.copy_(b)


def save(path: Path, state: dict[str, object]) -> None:
    """Write beside, then rename: a kill leaves the old file or the new one."""
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    os.replace(temporary, path)


#: Steps between two meetings of the processes.
MEET = 10


@torch.no_grad()
def meet(model: nn.Module, world: int) -> None:
    """Replace the weights by their mean over the processes (local SGD).

    Meeting now and then, not at every step, lets processes run on while another is held up.
    """
    values = [v for v in model.state_dict().values() if v.dtype.is_floating_point]
    flat = torch.cat([v.reshape(-1) for v in values])
    torch.distributed.all_reduce(flat)
    at = 0
    for value in values:
        size = value.numel()
        value.copy_(flat[at : at + size].reshape(value.shape) / world)
        at += size


def train(rank: int, args: argparse.Namespace) -> None:
    """One of ``--processes`` trainers; rank 0 writes."""
    task, out, world = TASKS[args.task], Path(args.out), args.processes
    out.mkdir(parents=True, exist_ok=True)
    if world > 1:
        store = f"file://{out.resolve()}/rendezvous-{args.port}"
        torch.distributed.init_process_group("gloo", init_method=store, rank=rank, world_size=world)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    model = Promptable(task.model).to(memory_format=torch.channels_last)
    ema = copy.deepcopy(model)
    optimiser = OPTIMISERS[args.optimiser](model, args.rate, args.bfloat16)
    start, spent = 0, 0.0
    grown: list[str] = []
    last = out / "last.pt"
    if args.init and not last.exists():
        state = torch.load(args.init, map_location="cpu", weights_only=True)
        for each in (model, ema):
            grown = grow(each, state["ema"])
    if last.exists():
        state = torch.load(last, map_location="cpu", weights_only=True)
        if ModelConfig.from_dict(state["config"]) != task.model:
            raise SystemExit(f"{last} is of another architecture; choose another --out")
        if state.get("with", args.optimiser) != args.optimiser:
            raise SystemExit(f"{last} was trained with --optimiser {state['with']}: say that, or choose another --out")
        model.load_state_dict(state["model"])
        ema.load_state_dict(state["ema"])
        optimiser.load_state_dict(state["optimiser"])
        start, spent = state["step"], state["seconds"]
    painted, outlines = (Path(p) if p else None for p in (args.painted, args.outlines))
    samples = task.load(painted, outlines)
    config = replace(task.batches(args.seed), calm_from=round(args.calm_from * args.steps * world))
    batches = Batches(samples, config, args.steps * world)
    chosen = {s: round(float(w), 3) for s, w in zip(batches.sources, batches.shares, strict=True)}
    if rank == 0:
        note(
            out,
            {
                "event": "start",
                "step": start,
                "weights": model.count(),
                "shares": chosen,
                "grown": grown,
                "args": vars(args),
            },
        )
    torch.manual_seed(args.seed * 1000 + start * 10 + rank)
    began = time.monotonic()
    sums: dict[str, float] = {}
    counted = 0
    saved = time.monotonic()
    stop, done = False, start
    for step, batch in enumerate(loader(batches, start * world + rank, world, args.workers), start):
        seconds = spent + time.monotonic() - began
        # The schedule follows the clock or the count, whichever is further.
        virtual = max(step, int(args.steps * seconds / (args.minutes * 60))) if args.minutes else step
        if world > 1 and (step - start) % MEET == 0:
            meet(model, world)
            agreed = torch.tensor([virtual])
            torch.distributed.broadcast(agreed, 0)
            stop = int(agreed) >= args.steps
        elif world == 1:
            stop = virtual >= args.steps
        if stop:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate(virtual, args.steps, args.rate)
        parts = step_once(model, optimiser, batch, task.empty_prompts, args.bfloat16)
        done = step + 1
        if rank > 0:
            continue
        average(ema, model, step)
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value
        counted += 1
        if done % 50 == 0:
            figures = {k: round(v / counted, 4) for k, v in sums.items()}
            speed = (done - start) * batches.config.batch * world / (time.monotonic() - began)
            note(out, {"step": done, "seconds": round(seconds), "crops_per_s": round(speed, 1), **figures})
            sums, counted = {}, 0
        if time.monotonic() - saved > 60:
            save(last, snapshot(args, model, ema, optimiser, done, seconds))
            saved = time.monotonic()
    if rank > 0:
        return
    seconds = spent + time.monotonic() - began
    save(last, snapshot(args, model, ema, optimiser, done, seconds))
    note(out, {"event": "end", "step": done, "seconds": round(seconds)})


def step_once(
    model: Promptable,
    optimiser: torch.optim.Optimizer,
    batch: dict[str, Tensor],
    empty: int,
    bfloat16: bool,
) -> dict[str, float]:
    """One optimiser step; the encoder in bfloat16 where asked. Returns the loss parts."""
    model.train()
    image = normalise(batch["image"]).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        out = model.encoder(image)
    out = {k: v.float().contiguous() for k, v in out.items()}
    losses = batch_loss(model, out, batch, empty)
    loss = sum(v for k, v in losses.items() if not k.startswith("_"))
    assert isinstance(loss, Tensor)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    if torch.isfinite(norm):
        optimiser.step()
    return {k.lstrip("_"): float(v.detach()) for k, v in losses.items()}


def snapshot(
    args: argparse.Namespace,
    model: Promptable,
    ema: nn.Module,
    optimiser: torch.optim.Optimizer,
    step: int,
    seconds: float,
) -> dict[str, object]:
    return {
        "config": model.config.as_dict(),
        "task": args.task,
        "with": args.optimiser,
        "model": model.state_dict(),
        "ema": ema.state_dict(),
        "optimiser": optimiser.state_dict(),
        "step": step,
        "seconds": seconds,
    }


def note(out: Path, entry: dict[str, object]) -> None:
    """Append a line to the run's log and print it."""
    line = json.dumps(entry, default=str)
    with open(out / "log.jsonl", "a", encoding="utf-8") as file:
        file.write(line + "\n")
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=sorted(TASKS), default="nuclei")
    parser.add_argument("--out", required=True)
    parser.add_argument("--steps", type=int, default=8000, help="batches of the whole schedule")
    parser.add_argument("--minutes", type=float, default=0, help="end the schedule after this time")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--optimiser", choices=sorted(OPTIMISERS), default="adamw")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="trainers that share each step")
    parser.add_argument("--workers", type=int, default=1, help="data workers of each trainer")
    parser.add_argument(
        "--calm-from",
        type=float,
        default=1.0,
        help="after this share of --steps, counted in batches, changes of colour and optics are half as likely",
    )
    parser.add_argument("--init", help="start from the averaged weights of this checkpoint")
    parser.add_argument("--painted", help="a folder written by the painter of samples/")
    parser.add_argument("--outlines", help="what promptable.outlines wrote for the centroids")
    parser.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, default=True)
    args = parser.parse_args()
    # A fresh meeting place each time: the file of a killed run would confuse the next.
    args.port = time.time_ns()
    if args.processes == 1:
        train(0, args)
    else:
        torch.multiprocessing.spawn(train, (args,), args.processes)


if __name__ == "__main__":
    main()
