"""Writes goldens.json: what OpenSlide reads from the slides that tests/tiler/write-vendors.ts writes.

    npx tsx write-slides.ts FOLDER && python make-goldens.py FOLDER

with openslide-bin 4.0.1.2, openslide-python 1.4.7 and numpy installed (pyvips too, which the script of the
other goldens imports). The slides are compressed without loss, so no encoder decides their bytes.
"""
import hashlib
import importlib.util
import json
import pathlib
import sys

import numpy as np
import openslide

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("slides", HERE.parent / "slides" / "make-goldens.py")
slides = importlib.util.module_from_spec(spec)
spec.loader.exec_module(slides)


def over_white(rgba):
    """OpenSlide's pixels are either opaque or not stored at all."""
    assert set(np.unique(rgba[..., 3])) <= {0, 255}
    return np.where(rgba[..., 3:] == 0, 255, rgba[..., :3]).astype(np.uint8)


def golden(path):
    slide = openslide.OpenSlide(path)
    levels = [
        over_white(np.asarray(slide.read_region((0, 0), i, size)))
        for i, size in enumerate(slide.level_dimensions)
    ]
    properties = slide.properties
    number = lambda key: float(properties[key]) if key in properties else None
    bounds = [number(f"openslide.bounds-{key}") for key in ("x", "y", "width", "height")]
    return {
        "oracle": "openslide 4.0.1",
        "vendor": properties["openslide.vendor"],
        "mpp": [number("openslide.mpp-x"), number("openslide.mpp-y")],
        "objectivePower": number("openslide.objective-power"),
        "bounds": None if None in bounds else [int(value) for value in bounds],
        "associated": sorted(slide.associated_images),
        "levels": [
            {"width": p.shape[1], "height": p.shape[0], "downsample": d}
            for p, d in zip(levels, slide.level_downsamples)
        ],
        "regions": [
            {"level": i, "box": box, "sha256": hashlib.sha256(slides.crop(p, *box).tobytes()).hexdigest()}
            for i, p in enumerate(levels)
            for box in slides.boxes(p.shape[1], p.shape[0])
        ],
    }


folder = pathlib.Path(sys.argv[1])
found = {path.name: golden(str(path)) for path in sorted(folder.iterdir())}
(HERE / "goldens.json").write_text(json.dumps(found, indent=1) + "\n")
