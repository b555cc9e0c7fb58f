"""Encoder and decoder together, and the settings that make a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import nn

from .decoder import Decoder, DecoderConfig
from .encoder import Encoder, EncoderConfig


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
    return ModelConfig(EncoderConfig(feature_stride=2), DecoderConfig(stride=2, cells=64))


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


def load(path: str) -> Promptable:
    """A model with the averaged (EMA) weights of a checkpoint, in eval mode."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = Promptable(ModelConfig.from_dict(state["config"]))
    model.load_state_dict(state["ema"])
    return model.eval()
