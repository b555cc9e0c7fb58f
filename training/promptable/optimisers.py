"""What moves the weights: AdamW, or Muon for the filters and AdamW for the rest.

Muon is momentum whose matrix is made orthogonal before it is applied (Jordan et al. 2024, "Muon: An optimizer for
hidden layers in neural networks"), scaled so that one rate serves both parts (Liu et al. 2025, arXiv:2502.16982).
``torch.optim.Muon`` takes matrices only; nearly all weights here are 3x3 filters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

#: Weight decay of matrices and filters.
DECAY = 0.02
BETAS = (0.9, 0.98)
#: Coefficients of the quintic iteration, of Jordan et al.
QUINTIC = (3.4445, -4.7750, 2.0315)


def groups_of(parameters: Iterable[nn.Parameter]) -> list[dict[str, Any]]:
    """Weight decay on matrices and filters only."""
    every = list(parameters)
    matrices, rest = ([p for p in every if (p.ndim > 1) == decayed] for decayed in (True, False))
    return [{"params": matrices, "weight_decay": DECAY}, {"params": rest, "weight_decay": 0.0}]


def orthogonal(matrix: Tensor, bfloat16: bool = True, steps: int = 5) -> Tensor:
    """Roughly the nearest matrix with orthonormal rows or columns: singular values go to about 1."""
    a, b, c = QUINTIC
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x.bfloat16() if bfloat16 else x
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x.T if tall else x).to(matrix.dtype)


def is_filter(name: str, parameter: Tensor) -> bool:
    """Convolutions of the encoder with a neighbourhood: as matrices [out, in*k*k]."""
    return name.startswith("encoder.") and parameter.ndim == 4 and parameter.shape[2] > 1


class Muon(torch.optim.AdamW):
    """Muon on the encoder's filters, AdamW on all else; both share the rate and the state that is saved."""

    def __init__(self, model: nn.Module, rate: float, bfloat16: bool = True, momentum: float = 0.95) -> None:
        named = list(model.named_parameters())
        filters = [p for n, p in named if is_filter(n, p)]
        others = groups_of(p for n, p in named if not is_filter(n, p))
        super().__init__([{"params": filters, "weight_decay": DECAY}, *others], lr=rate, betas=BETAS)
        self.bfloat16, self.momentum = bfloat16, momentum

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """One step of both; the filters' gradients are used up by it."""
        group = self.param_groups[0]
        for p in group["params"]:
            if p.grad is None:
                continue
            state = self.state[p]
            if not state:
                # AdamW counts steps in every state that it loads.
                state["step"], state["speed"] = torch.zeros(()), torch.zeros_like(p)
            speed = state["speed"].lerp_(p.grad, 1 - self.momentum)
            ahead = p.grad.lerp(speed, self.momentum).flatten(1)
            size = 0.2 * max(ahead.shape) ** 0.5
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.add_(orthogonal(ahead, self.bfloat16).reshape(p.shape), alpha=-group["lr"] * size)
            # AdamW passes by what has no gradient.
            p.grad = None
        super().step()


#: By name; each of a model, a rate and whether the processor has bfloat16.
OPTIMISERS: dict[str, Callable[[nn.Module, float, bool], torch.optim.Optimizer]] = {
    "adamw": lambda model, rate, _: torch.optim.AdamW(groups_of(model.parameters()), lr=rate, betas=BETAS),
    "muon": Muon,
}
