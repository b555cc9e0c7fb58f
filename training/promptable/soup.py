"""Average the weights of fine-tunes that began at one checkpoint (Wortsman et al. 2022, arXiv:2203.05482).

    python -m promptable.soup --checkpoints runs/a/last.pt runs/b/last.pt --out runs/soup/last.pt

Runs from different starts lie in different basins: their mean is no model. Compare on validation before shipping one.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from .encoder import normalise
from .model import ModelConfig, Promptable
from .quantise import Crops
from .train import save


@torch.no_grad()
def settle(model: Promptable, crops: list[np.ndarray], batch: int = 4) -> None:
    """Measure every BatchNorm's statistics anew: the mean of several networks' is not the averaged network's."""
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    model.train()
    for at in range(0, len(crops), batch):
        model.encoder(normalise(torch.from_numpy(np.concatenate(crops[at : at + batch]))))
    model.eval()


def mean_of(states: list[dict[str, Any]]) -> Promptable:
    """The model whose weights are the mean of checkpoints' averaged weights. Throws ValueError where shapes differ."""
    config, *others = [ModelConfig.from_dict(state["config"]) for state in states]
    if any(other != config for other in others):
        raise ValueError("the checkpoints are of different architectures")
    mean = {}
    for name, first in states[0]["ema"].items():
        values = [state["ema"][name] for state in states]
        mean[name] = torch.stack(values).mean(0) if first.dtype.is_floating_point else first
    model = Promptable(config)
    model.load_state_dict(mean)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, nargs="+", required=True)
    parser.add_argument("--painted", type=Path)
    parser.add_argument("--crops", type=int, default=240, help="training crops that BatchNorm is measured on; 0: left")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    states = [torch.load(path, map_location="cpu", weights_only=True) for path in args.checkpoints]
    model, task = mean_of(states), states[0]["task"]
    if args.crops:
        settle(model, list(Crops(task, args.crops, args.painted).images))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save(args.out, {"config": states[0]["config"], "task": task, "ema": model.state_dict()})
    print(args.out, args.out.stat().st_size)


if __name__ == "__main__":
    main()
