"""Regions without a model: Otsu on blurred hematoxylin. What a learnt model must beat.

    python -m promptable.baseline --dataset ../../shared/data/test/regions-glas-testA12

At 2 µm/px: optical density unmixed (Ruifrok and Johnston 2001), blurred, cut at Otsu's threshold, opened, holes filled,
pieces below the task's least area dropped. Nothing is learnt and nothing is chosen on the images that are measured.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from scipy import ndimage

from .datasets import read_index, read_label, read_rgb
from .evaluate import at_scale
from .metrics import figures, object_dice, summary
from .stain import STAINS, density

MPP = 2.0
BLUR_UM = 8.0
OPEN_UM = 12.0
LEAST_UM2 = 2000.0


def otsu_regions(image: np.ndarray) -> np.ndarray:
    """uint8 RGB [H,W,3] at 2 µm/px to a label image int32 [H,W]."""
    basis = STAINS / np.linalg.norm(STAINS, axis=1, keepdims=True)
    hematoxylin = np.maximum(density(image) @ np.linalg.inv(basis)[:, 0], 0)
    smooth = cv2.GaussianBlur(hematoxylin.astype(np.float32), (0, 0), BLUR_UM / MPP)
    grey = np.clip(smooth / max(float(smooth.max()), 1e-6) * 255, 0, 255).astype(np.uint8)
    mask = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[1]
    side = 2 * round(OPEN_UM / MPP / 2) + 1
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    parts, count = ndimage.label(ndimage.binary_fill_holes(mask))
    areas = np.bincount(parts.ravel(), minlength=count + 1)
    keep = areas >= LEAST_UM2 / MPP**2
    keep[0] = False
    return np.where(keep[parts], parts, 0).astype(np.int32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, nargs="+", required=True)
    args = parser.parse_args()
    for folder in args.dataset:
        rows = []
        for row in read_index(folder):
            image, truth = read_rgb(folder / row["image"]), read_label(folder / row["label"])
            found = otsu_regions(at_scale(image, float(row["mpp"]) / MPP))
            size = (truth.shape[1], truth.shape[0])
            found = cv2.resize(found.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(np.int32)
            rows.append({**figures(truth, found), "object_dice": object_dice(truth, found)})
        shown = {k: (round(m, 4), round(s, 4)) for k, (m, s) in summary(rows).items()}
        print(json.dumps({"dataset": folder.name, "images": len(rows), "mean_and_spread": shown}))


if __name__ == "__main__":
    main()
