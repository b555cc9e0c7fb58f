"""COCO's compressed run lengths of some masks, by pycocotools 2.0: goldens.json, for tests/export/coco.test.ts.

    python make-goldens.py      (needs numpy and pycocotools)

Outlines follow pixel borders, so that which pixels they cover needs no rule.
"""
import json
from pathlib import Path

import numpy as np
from pycocotools import mask

# (image width, image height, rectangles x, y, w, h: the first is filled, the others are holes in it)
CASES = [
    (7, 5, [(2, 1, 3, 2)]),
    (7, 5, [(0, 0, 7, 5)]),
    (7, 5, [(0, 0, 1, 1)]),
    (7, 5, [(6, 4, 1, 1)]),
    (7, 5, [(1, 0, 3, 5)]),
    (40, 50, [(3, 4, 30, 40), (8, 9, 5, 7), (20, 30, 2, 2)]),
    (3000, 2000, [(1500, 900, 33, 47), (1510, 910, 3, 4)]),
    # More pixels than 31 bits count: run lengths alone, no array.
    (65535, 65535, [(60000, 61000, 20, 30)]),
]


def runs_of(width, height, x, y, w, h):
    """Column-major run lengths of one rectangle that touches no border of the image."""
    runs = [x * height + y]
    for _ in range(w - 1):
        runs += [h, height - h]
    return runs + [h, width * height - (x + w - 1) * height - y - h]


def golden(width, height, rectangles):
    if width * height > 1 << 28:
        size = [height, width]
        runs = runs_of(width, height, *rectangles[0])
        rle = mask.frPyObjects({"size": size, "counts": runs}, height, width)
    else:
        pixels = np.zeros((height, width), np.uint8, order="F")
        for i, (x, y, w, h) in enumerate(rectangles):
            pixels[y : y + h, x : x + w] = 1 if i == 0 else 0
        rle = mask.encode(pixels)
    return {
        "width": width,
        "height": height,
        "rectangles": rectangles,
        "counts": rle["counts"].decode(),
        "pixels": int(mask.area(rle)),
    }


path = Path(__file__).with_name("goldens.json")
path.write_text(json.dumps([golden(*case) for case in CASES], indent=1) + "\n")
