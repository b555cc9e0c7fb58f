"""Encoder and decoder together, and the settings that make a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from .decoder import Decoder, DecoderConfig
from .encoder import Encoder, EncoderConfig, Residual


@dataclass(frozen=True)
class ModelConfig:
    """Everything that fixes the network's shape."""

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: dict[str, Any]) -> ModelConfig:
        encoder = {k: tuple(v) if isinstance(v, list) else v for k, v in data["encoder"].items()}
        decoder = {k: tuple(v) if isinstance(v, list) else v for k, v in data["decoder"].items()}
        return ModelConfig(EncoderConfig(**encoder), DecoderConfig(**decoder))


def nuclei_config() -> ModelConfig:
    """Windows of 64 cells of 2 px: 32 µm at 0.25 µm/px."""
    encoder = EncoderConfig(blocks=(1, 4, 4), fused_blocks=(2, 1), feature_stride=2)
    return ModelConfig(encoder, DecoderConfig(stride=2, cells=64))


def regions_config() -> ModelConfig:
    """Windows of 96 cells of 4 px: 768 µm at 2 µm/px, 3 mm at 8 µm/px."""
    return ModelConfig(EncoderConfig(feature_stride=4), DecoderConfig(stride=4, cells=96))


class Promptable(nn.Module):
    """The whole model."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config.encoder)
        self.decoder = Decoder(config.decoder)

    def count(self) -> int:
        """Weights, BatchNorm's running statistics not counted."""
        return sum(p.numel() for p in self.parameters())


def grow(model: Promptable, state: dict[str, Tensor]) -> list[str]:
    """Load weights of a model of fewer residual blocks; the further blocks become the identity. Names them.

    A block's last gain is 0 then, so that its skip alone speaks (Chen et al. 2016, Net2DeeperNet, arXiv:1511.05641).
    They begin alike whatever the seed, but which way they then go is settled by the first batches: runs that are to be
    averaged fork from one run's checkpoint after that. Throws KeyError where anything but a whole further block is
    missing or left over.
    """
    missing, left_over = model.load_state_dict(state, strict=False)
    blocks = {n: m for n, m in model.named_modules() if isinstance(m, Residual) and isinstance(m.skip, nn.Identity)}
    further = [n for n, m in blocks.items() if all(f"{n}.{key}" in missing for key, _ in m.named_parameters())]
    unknown = [key for key in missing if not any(key.startswith(f"{name}.") for name in further)] + left_over
    if unknown:
        raise KeyError(f"not a model of fewer blocks: {', '.join(unknown[:5])}")
    generator = torch.Generator().manual_seed(0)
    for name in further:
        first, second = blocks[name].first[0], blocks[name].second
        for convolution in (first, second[0]):
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu", generator=generator)
        nn.init.zeros_(second[1].weight)
        nn.init.zeros_(second[1].bias)
    return further


def load(path: str) -> Promptable:
    """A model with the averaged (EMA) weights of a checkpoint, in eval mode."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = Promptable(ModelConfig.from_dict(state["config"]))
    model.load_state_dict(state["ema"])
    return model.eval()
