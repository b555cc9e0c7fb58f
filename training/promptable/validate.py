"""Thresholds and figures of a checkpoint on the validation images.

python -m promptable.validate --checkpoint runs/nuclei/last.pt --out runs/nuclei/validation.json
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from .automatic import AutoConfig
from .calibrate import calibrate, crop_of, few, prepare, score
from .datasets import Sample
from .looks import coarse, looks
from .model import load
from .prompted import prompted
from .runtime import TorchRuntime
from .stain import statistics
from .tasks import TASKS


def validate(
    checkpoint: Path,
    task_name: str,
    painted: Path | None,
    bfloat16: bool,
    tried: list[int],
    begin: dict[str, float],
    rounds: int,
    taught: bool = False,
) -> dict[str, object]:
    """Calibrated thresholds, their figures, and the prompted figures; of images it was ``taught`` where asked."""
    task = TASKS[task_name]
    everything = task.outlined(painted)
    samples = [s for s in everything if s.validation != taught]
    runtime = TorchRuntime(load(str(checkpoint)), bfloat16)
    results: dict[str, object] = {"checkpoint": checkpoint.name, "images": len(samples)}
    chosen = few(samples, task.validation_each)
    cut = [replace(s, image=image, label=label) for s in chosen for image, label in [crop_of(s)]]
    further: list[Sample] = []
    if rounds:
        colours = np.stack([statistics(s.image) for s in few([s for s in everything if not s.validation])])
        rng = np.random.default_rng(11)
        further = [look for s in cut for look in looks(s, rng, colours)[1:]]
    best: tuple[float, AutoConfig] | None = None
    for passes in tried:
        start = AutoConfig(**{**task.auto, **begin, "refine_passes": passes})
        config, overall, means = calibrate(runtime, cut, further, start, rounds)
        results[f"refine{passes}"] = {"score": overall, "auto": asdict(config), "figures": means}
        # A second pass doubles the decoder's work: it must earn it.
        if best is None or overall > best[0] + 0.005:
            best = (overall, config)
    assert best is not None
    results["score"], results["auto"] = best[0], asdict(best[1])
    cases = prepare(runtime, [coarse(s) for s in chosen], best[1])
    overall, means = score(cases, runtime, best[1])
    results["half_the_pixels"] = {"score": overall, "figures": means}
    results["prompted"] = prompted(runtime, chosen, best[1], task.disc_px)
    # Painted objects are easy and alike: pooled with real ones they flatter a rank correlation.
    real = [s for s in chosen if not s.source.startswith("painted")]
    if real:
        results["prompted_real"] = prompted(runtime, real, best[1], task.disc_px)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(TASKS), default="nuclei")
    parser.add_argument("--painted", type=Path)
    parser.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--passes", type=int, nargs="+", default=[0, 1], help="second passes that are tried")
    parser.add_argument("--begin", type=Path, help="an earlier validation whose thresholds the search begins with")
    parser.add_argument("--rounds", type=int, default=2, help="rounds of the search; 0 only measures")
    parser.add_argument(
        "--taught",
        action="store_true",
        help="look at training images, unchanged: how well does it fit what it was taught?",
    )
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    begin = json.loads(args.begin.read_text())["auto"] if args.begin else {}
    if args.taught and args.rounds:
        parser.error("--taught measures only: give thresholds with --begin and say --rounds 0")
    tried = (args.passes, begin, args.rounds, args.taught)
    results = validate(args.checkpoint, args.task, args.painted, args.bfloat16, *tried)
    args.out.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
