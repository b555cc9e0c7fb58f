"""Writes goldens.json: what Pillow makes of a small pattern at a given scale and phase.

Pillow resizes in 32-bit float ('F'), with its antialiasing BICUBIC (a = -0.5) or BILINEAR, and a
fractional box, which is exactly readScaled's phase: target pixel g has its centre at source
(g + 0.5) / resample. Run with Pillow 13.0 and numpy: python make-goldens.py
"""
import json
import pathlib

import numpy as np
from PIL import Image

W, H = 37, 29


def pattern():
    y, x = np.mgrid[0:H, 0:W]
    return np.stack([(x * 37 + y * 11) % 256, (x * x + 3 * y) % 256, ((x // 4 + y // 3) % 2) * 255], -1)


def scaled(image, resample, box):
    x, y, w, h = box
    kernel = Image.Resampling.BICUBIC if 1 / resample < 1.5 else Image.Resampling.BILINEAR
    source = (x / resample, y / resample, (x + w) / resample, (y + h) / resample)
    planes = [
        np.asarray(Image.fromarray(image[..., c].astype(np.float32), "F").resize((w, h), kernel, source))
        for c in range(3)
    ]
    return np.clip(np.stack(planes, -1), 0, 255)


CASES = [
    (1.996, (0, 0, 11, 7)),
    (1.996, (31, 20, 12, 9)),
    (1.996, (62, 49, 11, 8)),
    (0.9, (0, 0, 9, 9)),
    (0.9, (20, 15, 12, 10)),
    (0.7, (3, 2, 14, 12)),
    (0.5, (0, 0, 18, 14)),
    (0.31, (2, 1, 8, 6)),
    (3.7, (50, 40, 9, 9)),
]

image = pattern()
out = [
    {"resample": r, "box": box, "pixels": np.round(scaled(image, r, box), 2).ravel().tolist()}
    for r, box in CASES
]
path = pathlib.Path(__file__).parent / "goldens.json"
path.write_text(json.dumps({"width": W, "height": H, "cases": out}) + "\n")
