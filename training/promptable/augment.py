"""Crops: geometry, optics and colour, on numpy arrays."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .datasets import UNKNOWN, Sample
from .stain import density, from_density, recolour


@dataclass(frozen=True)
class CropConfig:
    """How crops are drawn. Sizes in px of the model's scale."""

    size: int = 256
    #: Standard deviation of the logarithm of the scale.
    scale_spread: float = 0.18
    #: How often a 2x coarser scan is imitated.
    coarse: float = 0.15
    painted_scale_spread: float = 0.08
    #: How often a crop is laid round a pixel of an object, so that empty glass does not prevail.
    on_object: float = 0.0
    #: How often some objects of a crop are made pale inside.
    pale: float = 0.0
    #: How often bare glass is laid over a part of a crop, as beside and between pieces of tissue.
    glass: float = 0.0
    #: What the probability of each change of colour and optics is multiplied by.
    strength: float = 1.0


@dataclass
class Crop:
    """One training crop before its targets are made."""

    image: np.ndarray  # uint8 [S,S,3]
    label: np.ndarray  # int32 [S,S]
    valid: np.ndarray  # bool [S,S]: False outside the source image
    points: np.ndarray | None  # [n,2] px, objects without outlines


def draw(sample: Sample, config: CropConfig, rng: np.random.Generator, targets: np.ndarray) -> Crop:
    """One augmented crop of a sample."""
    size = config.size
    height, width = sample.label.shape
    spread = config.painted_scale_spread if sample.source.startswith("painted") else config.scale_spread
    scale = float(np.exp(rng.normal(0, spread)))
    aspect = float(np.exp(rng.normal(0, 0.05)))
    angle = rng.uniform(0, 2 * np.pi) if rng.random() < 0.6 else rng.integers(4) * np.pi / 2
    flip = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([scale * aspect * flip, scale / aspect])
    centre = np.array([_centre(width, size / scale, rng), _centre(height, size / scale, rng)])
    if rng.random() < config.on_object:
        centre = _on_object(sample.label, centre, size / scale / 3, rng)
    offset = size / 2 - linear @ centre
    matrix = np.concatenate([linear, offset[:, None]], 1).astype(np.float32)
    how = cv2.INTER_LINEAR if scale > 0.8 else cv2.INTER_AREA
    image = cv2.warpAffine(sample.image, matrix, (size, size), flags=how, borderMode=cv2.BORDER_REFLECT_101)
    label = cv2.warpAffine(
        sample.label.astype(np.float32), matrix, (size, size), flags=cv2.INTER_NEAREST, borderValue=-1
    ).astype(np.int32)
    valid = label >= 0
    label[~valid] = 0
    points = None
    if sample.points is not None:
        points = sample.points @ linear.T.astype(np.float32) + offset.astype(np.float32)
        points = points[((points > 1) & (points < size - 1)).all(1)]
    if config.glass and rng.random() < config.glass and not sample.source.startswith("painted"):
        image, label = glass(image, label, rng)
    image = recolour(image, rng, targets, config.strength)
    if config.pale and rng.random() < config.pale * config.strength and not sample.source.startswith("painted"):
        image = pale(image, label, rng)
    image = _optics(image, rng, config)
    return Crop(np.ascontiguousarray(image), label, valid, points)


def glass(image: np.ndarray, label: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Bare glass, nearly white, over a share of the crop with a winding border; objects end where it begins."""
    size = image.shape[:2]
    rough = np.zeros(size, np.float32)
    # Mostly one winding border: holes in the tissue would pass for lumina, which belong to their gland.
    for points, depth in ((3, 1.0), (6, 0.4), (20, 0.08)):
        noise = rng.normal(0, depth, (points, points)).astype(np.float32)
        rough += cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
    slope = np.add.outer(*(rng.normal(0, 2) * np.linspace(-1, 1, n, dtype=np.float32) for n in size))
    height = rough + slope
    bare = height > np.quantile(height, 1 - rng.uniform(0.1, 0.6))
    soft = cv2.GaussianBlur(bare.astype(np.float32), (0, 0), rng.uniform(0.5, 1.5))[:, :, None]
    colour = rng.uniform(228, 250) + rng.normal(0, 2, 3) + rng.normal(0, rng.uniform(0.3, 2), (*size, 1))
    out = image * (1 - soft) + np.float32(colour) * soft
    return np.clip(out + 0.5, 0, 255).astype(np.uint8), np.where(bare, 0, label).astype(label.dtype)


def pale(image: np.ndarray, label: np.ndarray, rng: np.random.Generator, share: float = 0.4) -> np.ndarray:
    """Some objects lose dye inside, their rim less: as vesicular nuclei look, whose chromatin lies at the membrane."""
    numbers = np.unique(label)
    numbers = numbers[(numbers > 0) & (numbers < UNKNOWN)]
    chosen = numbers[rng.random(len(numbers)) < share]
    inside = np.isin(label, chosen)
    inside[:, 1:] &= label[:, 1:] == label[:, :-1]
    inside[1:] &= label[1:] == label[:-1]
    if not inside.any():
        return image
    od = density(image)
    ground = od[(label == 0) & (od.mean(2) > 0.1)]
    if len(ground) < 500:
        return image
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    weight = np.minimum(depth / np.float32(rng.uniform(2, 5)), 1) * np.float32(rng.uniform(0.2, 0.65))
    excess = np.maximum(od - ground.mean(0), 0)
    return from_density(od - weight[:, :, None] * excess)


def _centre(extent: int, wanted: float, rng: np.random.Generator) -> float:
    """A crop's centre along one axis, so that the crop stays on the image where it can."""
    half = min(wanted, extent) / 2 * 0.9
    return rng.uniform(half, extent - half) if extent > 2 * half else extent / 2


def _on_object(label: np.ndarray, fallback: np.ndarray, reach: float, rng: np.random.Generator) -> np.ndarray:
    """A place within ``reach`` px of a random pixel of an object."""
    for _ in range(40):
        y, x = rng.integers(label.shape[0]), rng.integers(label.shape[1])
        if label[y, x] > 0:
            return np.array([x, y]) + rng.uniform(-reach, reach, 2)
    return fallback


def _optics(image: np.ndarray, rng: np.random.Generator, config: CropConfig) -> np.ndarray:
    """Coarser scans, focus, sensor noise, compression."""
    size, strength = image.shape[0], config.strength
    if rng.random() < config.coarse * strength:
        factor = rng.uniform(0.45, 0.7)
        small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        how = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
        image = cv2.resize(small, (size, size), interpolation=how)
    if rng.random() < 0.3 * strength:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6))
    elif rng.random() < 0.15 * strength:
        soft = cv2.GaussianBlur(image, (0, 0), 1.2)
        image = cv2.addWeighted(image, 1.6, soft, -0.6, 0)
    if rng.random() < 0.25 * strength:
        noise = rng.normal(0, rng.uniform(1, 6), image.shape[:2]).astype(np.float32)
        image = np.clip(image + noise[:, :, None], 0, 255).astype(np.uint8)
    if rng.random() < 0.35 * strength:
        quality = int(rng.integers(35, 90))
        coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return image
