"""The same field as other scanners and stains would show it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from .datasets import Sample
from .stain import recolour

#: How many ``looks`` gives.
LOOKS = 3


def coarse(sample: Sample) -> Sample:
    """The image as a scan of twice the µm/px would give it, enlarged as the product enlarges it."""
    height, width = sample.image.shape[:2]
    small = cv2.resize(sample.image, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return replace(sample, image=cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))


def variants(sample: Sample, rng: np.random.Generator, targets: np.ndarray, count: int) -> list[np.ndarray]:
    """The field as it is, and in other colours and sharpness."""
    out = [sample.image]
    for _ in range(count - 1):
        image = recolour(sample.image, rng, targets)
        out.append(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.0)) if rng.random() < 0.3 else image)
    return out


def looks(sample: Sample, rng: np.random.Generator, targets: np.ndarray) -> list[Sample]:
    """The field as it is, in other colours, and at half the pixels."""
    return [*(replace(sample, image=image) for image in variants(sample, rng, targets, 2)), coarse(sample)]
