"""Finds masks that cannot be trusted, without looking at them one by one.

    python -m promptable.screen

prints every nuclei image with its contrast score; images below 0.65 are left out of training.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage


def suspicion(image: np.ndarray, label: np.ndarray) -> float:
    """Contrast of the objects against the ring round them; low means wrong or shifted masks.

    Mean red optical density inside less that in a 6 px ring outside, over the image's standard
    deviation. Images without objects score infinity: an empty field is nothing to suspect.
    """
    inside = (label > 0).astype(np.uint8)
    if not inside.any():
        return float("inf")
    density = -np.log((image[:, :, 0].astype(np.float32) + 1) / 256)
    ring = cv2.dilate(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))) - inside
    if not ring.any():
        return float("inf")
    spread = float(density.std()) + 1e-6
    return float((density[inside > 0].mean() - density[ring > 0].mean()) / spread)


def solidity(label: np.ndarray) -> dict[int, tuple[int, float]]:
    """Area (px) of every object, and its share of its convex hull."""
    out = {}
    for at, where in enumerate(ndimage.find_objects(label)):
        if where is None:
            continue
        mask = (label[where] == at + 1).astype(np.uint8)
        hull = cv2.convexHull(cv2.findNonZero(mask))
        area = int(mask.sum())
        out[at + 1] = area, area / float(cv2.fillConvexPoly(np.zeros_like(mask), hull, 1).sum())
    return out


def ambiguous_ids(label: np.ndarray, least: float = 0.87) -> np.ndarray:
    """Objects that look like two or more touching ones: large, and not convex."""
    found = solidity(label)
    usual = np.median([area for area, _ in found.values()]) if found else 0
    return np.array([i for i, (area, share) in found.items() if area >= usual and share < least], np.int32)


def main() -> None:
    from . import datasets

    datasets.SUSPICIOUS = -float("inf")
    for sample in datasets.load_nuclei():
        score = suspicion(sample.image, sample.label)
        sizes = datasets.diameters(sample.label)
        median = float(np.median(sizes)) if sizes.size else 0.0
        print(
            f"{score:6.2f}  {'suspect' if score < 0.65 else '       '}  {median:5.1f} px  "
            f"{len(sizes):4d} objects  {len(sample.ambiguous):3d} ambiguous  "
            f"{'validation' if sample.validation else 'train     '}  {sample.source}/{sample.name}"
        )


if __name__ == "__main__":
    main()
