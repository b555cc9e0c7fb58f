"""What moves the weights: AdamW, or Muon for the filters and AdamW for the rest.

Muon is momentum whose matrix is made orthogonal before it is applied (Jordan et al. 2024, "Muon: An optimizer for
hidden layers in neural networks"), scaled so that one rate serves both parts (Liu et al. 2025, arXiv:2502.16982).
``torch.optim.Muon`` takes matrices only; nearly all weights here are 3x3 filters.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

#: Weight decay of matrices and filters.
DECAY = 0.02
BETAS = (0.9, 0.98)
#: Coefficients of the quintic iteration, of Jordan et al.
QUINTIC = (3.4445, -4.7750, 2.0315)


def adamw(model: nn.Module, rate: float) -> torch.optim.Optimizer:
    """AdamW that decays matrices and filters only."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": DECAY}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=BETAS)


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


class Muon(torch.optim.Optimizer):
    """Muon on groups marked ``muon``, AdamW on the others; both share the rate and the state that is saved."""

    def __init__(self, model: nn.Module, rate: float, bfloat16: bool = True, momentum: float = 0.95) -> None:
        named = list(model.named_parameters())
        filters = [p for n, p in named if is_filter(n, p)]
        matrices = [p for n, p in named if p.ndim > 1 and not is_filter(n, p)]
        rest = [p for _, p in named if p.ndim <= 1]
        groups = [
            {"params": filters, "weight_decay": DECAY, "muon": True},
            {"params": matrices, "weight_decay": DECAY, "muon": False},
            {"params": rest, "weight_decay": 0.0, "muon": False},
        ]
        super().__init__(groups, {"lr": rate, "momentum": momentum, "betas": BETAS})
        self.bfloat16 = bfloat16

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.mul_(1 - group["lr"] * group["weight_decay"])
                (self._muon if group["muon"] else self._adam)(p, group)

    def _muon(self, p: Tensor, group: dict[str, float]) -> None:
        state = self.state[p]
        if not state:
            state["speed"] = torch.zeros_like(p)
        speed = state["speed"]
        speed.lerp_(p.grad, 1 - group["momentum"])
        ahead = p.grad.lerp(speed, group["momentum"])
        matrix = ahead.reshape(ahead.shape[0], -1)
        size = 0.2 * max(matrix.shape) ** 0.5
        p.add_(orthogonal(matrix, self.bfloat16).reshape(p.shape), alpha=-group["lr"] * size)

    def _adam(self, p: Tensor, group: dict[str, tuple[float, float]]) -> None:
        state, (b1, b2) = self.state[p], group["betas"]
        if not state:
            state["step"] = torch.zeros(())
            state["first"], state["second"] = torch.zeros_like(p), torch.zeros_like(p)
        state["step"] += 1
        state["first"].lerp_(p.grad, 1 - b1)
        state["second"].lerp_(p.grad * p.grad, 1 - b2)
        count = float(state["step"])
        scale = (state["second"] / (1 - b2**count)).sqrt_().add_(1e-8)
        p.addcdiv_(state["first"], scale, value=-group["lr"] / (1 - b1**count))


#: By name; each of a model, a rate and whether the processor has bfloat16.
OPTIMISERS: dict[str, Callable[[nn.Module, float, bool], torch.optim.Optimizer]] = {
    "adamw": lambda model, rate, _: adamw(model, rate),
    "muon": Muon,
}
