"""Average the weights of fine-tunes that began at one checkpoint (Wortsman et al. 2022, arXiv:2203.05482).

    python -m promptable.soup --checkpoints runs/a/last.pt runs/b/last.pt --out runs/soup/last.pt

Runs from different starts lie in different basins: their mean is no model. Compare on validation before shipping one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from .train import save


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    states = [torch.load(path, map_location="cpu", weights_only=True) for path in args.checkpoints]
    if any(state["config"] != states[0]["config"] for state in states):
        raise SystemExit("the checkpoints are of different architectures")
    mean = {}
    for name, first in states[0]["ema"].items():
        values = [state["ema"][name] for state in states]
        mean[name] = torch.stack(values).mean(0) if first.dtype.is_floating_point else first
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save(args.out, {"config": states[0]["config"], "task": states[0]["task"], "ema": mean})
    print(args.out, args.out.stat().st_size)


if __name__ == "__main__":
    main()
