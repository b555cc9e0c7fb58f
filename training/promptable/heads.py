"""Small heads that are taught last, on frozen weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


def refresh(head: nn.Sequential) -> None:
    """Forget what a head has learnt: weights as torch draws them."""
    for layer in head:
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()


@dataclass(frozen=True)
class Standard:
    """Mean and spread of a head's inputs, each [T]."""

    mean: Tensor
    spread: Tensor

    @staticmethod
    def of(x: Tensor) -> Standard:
        return Standard(x.mean(0), x.std(0) + 1e-3)

    def __call__(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.spread

    @torch.no_grad()
    def fold(self, head: nn.Sequential) -> None:
        """Put it into the head's first layer, which then reads raw numbers."""
        first = head[0]
        assert isinstance(first, nn.Linear)
        first.weight.copy_(first.weight / self.spread)
        first.bias.sub_(first.weight @ self.mean)
