"""The image encoder: a plain 3x3-convolution residual U-Net.

Dense 3x3 convolutions with BatchNorm and ReLU are what CPUs (and int8 kernels) run fastest;
depthwise convolutions and attention are not. BatchNorm folds into the convolutions at export.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class EncoderConfig:
    """Channels at strides 2, 4, 8 and 16, residual blocks at strides 4, 8 and 16."""

    widths: tuple[int, int, int, int] = (32, 64, 128, 256)
    blocks: tuple[int, int, int] = (1, 2, 2)
    #: Residual blocks behind the fusions, on the way back: at strides 4 and 8.
    fused_blocks: tuple[int, int] = (0, 0)
    embedding: int = 64
    features: int = 16
    #: Stride of the mask features and the dense heads, in patch px: 2 or 4.
    feature_stride: int = 2


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """conv-bn-relu-conv-bn plus a (projected) skip, then ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = _conv(inputs, outputs, stride)
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        self.skip: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.skip = nn.Sequential(nn.Conv2d(inputs, outputs, stride, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.skip(x) + self.second(self.first(x)))


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*[Residual(channels, channels) for _ in range(count)])


class Encoder(nn.Module):
    """Image [B,3,H,W] (normalised) to the dense maps a prompt decoder reads.

    H and W are multiples of 16 (the decoder wants more: see decoder.SNAP). Returns a dict of
    ``embedding`` [B,C,H/4,W/4], ``features`` [B,F,H/s,W/s] and ``dense`` [B,3,H/s,W/s] logits
    in the order objectness, foreground, boundary.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        w2, w4, w8, w16 = config.widths
        self.stem = nn.Sequential(nn.Conv2d(3, w2, 4, 2, 1, bias=False), nn.BatchNorm2d(w2), nn.ReLU(True))
        self.down4 = self._stage(w2, w4, config.blocks[0])
        self.down8 = self._stage(w4, w8, config.blocks[1])
        self.down16 = self._stage(w8, w16, config.blocks[2])
        self.up8 = nn.Conv2d(w16, w8, 1)
        self.fuse8 = _conv(w8, w8)
        self.refine8 = _blocks(w8, config.fused_blocks[1])
        self.up4 = nn.Conv2d(w8, w4, 1)
        self.fuse4 = _conv(w4, w4)
        self.refine4 = _blocks(w4, config.fused_blocks[0])
        self.to_embedding = nn.Conv2d(w4, config.embedding, 1)
        if config.feature_stride == 2:
            self.up2 = nn.Conv2d(w4, w2, 1)
            self.fuse2 = _conv(w2, w2)
            self.to_features = nn.Conv2d(w2, config.features + 3, 1)
        else:
            self.to_features = nn.Conv2d(w4, config.features + 3, 1)
        nn.init.constant_(self.to_features.bias[config.features], -3.0)

    @staticmethod
    def _stage(inputs: int, outputs: int, blocks: int) -> nn.Sequential:
        return nn.Sequential(Residual(inputs, outputs, 2), *_blocks(outputs, blocks - 1))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        x2 = self.stem(image)
        x4 = self.down4(x2)
        x8 = self.down8(x4)
        x16 = self.down16(x8)
        y8 = self.refine8(self.fuse8(x8 + _double(self.up8(x16))))
        y4 = self.refine4(self.fuse4(x4 + _double(self.up4(y8))))
        embedding = self.to_embedding(y4)
        last = self.fuse2(x2 + _double(self.up2(y4))) if self.config.feature_stride == 2 else y4
        maps = self.to_features(last)
        return {
            "embedding": embedding,
            "features": maps[:, : self.config.features],
            "dense": maps[:, self.config.features :],
        }


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def normalise(image: Tensor) -> Tensor:
    """uint8 [B,H,W,3] RGB to float [B,3,H,W] around zero."""
    return image.permute(0, 3, 1, 2).float() * (1.0 / 64.0) - 2.5
