"""A model behind one face, be it a PyTorch checkpoint or a pair of ONNX files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch

from .decoder import SNAP
from .encoder import normalise
from .export import session
from .model import Promptable


@dataclass
class Encoded:
    """What the encoder said of one image. h, w: size of the image without padding, px."""

    embedding: np.ndarray
    features: np.ndarray
    objectness: np.ndarray  # [H/s,W/s] 0..1
    foreground: np.ndarray
    height: int
    width: int


class Runtime(Protocol):
    """Encode once, decode many."""

    stride: int
    cells: int

    def encode(self, image: np.ndarray) -> Encoded: ...

    def decode(
        self, encoded: Encoded, points: np.ndarray, boxes: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]: ...


def input_stride(stride: int) -> int:
    """What an input's sides must be multiples of, px: whole runs of cells of ``stride`` px."""
    return SNAP * stride


def pad(image: np.ndarray, multiple: int) -> np.ndarray:
    """Reflected on the right and below to a multiple."""
    height, width = image.shape[:2]
    down, right = -height % multiple, -width % multiple
    return cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_REFLECT_101) if down or right else image


CHUNK = 64


class _Base:
    stride: int
    cells: int

    def decode(
        self, encoded: Encoded, points: np.ndarray, boxes: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """points [P,2] (centres, where boxes are given) to windows [P,N,N], origins [P,2] px, iou [P]."""
        points = points.astype(np.float32).reshape(-1, 2)
        has = np.full(len(points), 0.0 if boxes is None else 1.0, np.float32)
        full = np.zeros((len(points), 4), np.float32) if boxes is None else boxes.astype(np.float32)
        parts = [
            self._decode(encoded, points[i : i + CHUNK], full[i : i + CHUNK], has[i : i + CHUNK])
            for i in range(0, len(points), CHUNK)
        ]
        if not parts:
            n = self.cells
            return np.zeros((0, n, n), np.float32), np.zeros((0, 2), np.float32), np.zeros(0, np.float32)
        windows, origins, iou = (np.concatenate(p) for p in zip(*parts, strict=True))
        return windows[:, 0], origins, iou[:, 0]

    def _decode(
        self, encoded: Encoded, points: np.ndarray, boxes: np.ndarray, has_box: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        raise NotImplementedError


class TorchRuntime(_Base):
    """A PyTorch model; the encoder in bfloat16 where asked (quick, for choosing checkpoints)."""

    def __init__(self, model: Promptable, bfloat16: bool = False) -> None:
        self.model = model.eval()
        self.bfloat16 = bfloat16
        self.stride, self.cells = model.config.decoder.stride, model.config.decoder.cells

    @torch.no_grad()
    def encode(self, image: np.ndarray) -> Encoded:
        padded = torch.from_numpy(np.ascontiguousarray(pad(image, input_stride(self.stride))))[None]
        x = normalise(padded).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            out = self.model.encoder(x)
        dense = torch.sigmoid(out["dense"].float())[0].numpy()
        embedding, features = (out[k].float().contiguous().numpy() for k in ("embedding", "features"))
        return Encoded(embedding, features, dense[0], dense[1], *image.shape[:2])

    @torch.no_grad()
    def class_logits(self, encoded: Encoded, points: np.ndarray) -> np.ndarray:
        """What the objects at some points are, [P,K]; K is 0 for a model without classes."""
        if not self.model.config.decoder.classes:
            return np.zeros((len(points), 0), np.float32)
        none = torch.zeros(len(points), 4)
        maps = torch.from_numpy(encoded.embedding), torch.from_numpy(encoded.features)
        told = self.model.decoder.answer(*maps, torch.from_numpy(points), none, none[:, 0])[3]
        return self.model.decoder.kind(told).numpy()

    @torch.no_grad()
    def _decode(
        self, encoded: Encoded, points: np.ndarray, boxes: np.ndarray, has_box: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        inputs = (encoded.embedding, encoded.features, points, boxes, has_box)
        windows, origins, iou = self.model.decoder(*(torch.from_numpy(v) for v in inputs))
        return windows.numpy(), origins.numpy(), torch.sigmoid(iou).numpy()


class OnnxRuntime(_Base):
    """An exported pair of graphs."""

    def __init__(self, encoder: Path, decoder: Path, stride: int, cells: int, threads: int = 1) -> None:
        self.encoder, self.decoder = session(encoder, threads), session(decoder, threads)
        self.stride, self.cells = stride, cells

    def encode(self, image: np.ndarray) -> Encoded:
        names = ["embedding", "features", "objectness", "foreground"]
        out = self.encoder.run(names, {"image": np.ascontiguousarray(pad(image, input_stride(self.stride)))[None]})
        return Encoded(out[0], out[1], out[2][0, 0], out[3][0, 0], *image.shape[:2])

    def _decode(
        self, encoded: Encoded, points: np.ndarray, boxes: np.ndarray, has_box: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        feed = {
            "embedding": encoded.embedding,
            "features": encoded.features,
            "points": points,
            "boxes": boxes,
            "has_box": has_box,
        }
        windows, origins, iou = self.decoder.run(["windows", "origins", "iou_predictions"], feed)
        return windows, origins, iou

    def class_logits(self, encoded: Encoded, points: np.ndarray) -> np.ndarray:
        """What the objects at some points are, [P,K]; K is 0 for a model without classes."""
        if "class_logits" not in [o.name for o in self.decoder.get_outputs()]:
            return np.zeros((len(points), 0), np.float32)
        none = np.zeros((len(points), 4), np.float32)
        feed = {"embedding": encoded.embedding, "features": encoded.features}
        feed |= {"points": points, "boxes": none, "has_box": none[:, 0]}
        return self.decoder.run(["class_logits"], feed)[0]
