"""Compares microtome's tissue with two usual ways, against coarse polygons drawn by eye (reference.json).

usage: compare.py THUMBS_FOLDER MICROTOME…    (MICROTOME: the command, e.g. node dist/cli/main.js)

Needs numpy, Pillow and scikit-image. The usual ways: Otsu's threshold on saturation; and as TIAToolbox's
MorphologicalMasker does: Otsu on grey, small objects dropped, dilated.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from skimage import color, filters, morphology

HERE = Path(__file__).parent


def draw(rings, size, scale=1.0):
    picture = Image.new("L", size)
    for ring in rings:
        ImageDraw.Draw(picture).polygon([(x * scale, y * scale) for x, y in ring], fill=1)
    return np.asarray(picture).astype(bool)


def microtome(path, mpp, size, command):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "t.geojson"
        more = ["--mpp", str(mpp)] if mpp else []
        subprocess.run([*command, "tissue", str(path), "--out", str(out), *more], check=True, stdout=subprocess.DEVNULL)
        mask = np.zeros((size[1], size[0]), bool)
        for feature in json.loads(out.read_text())["features"]:
            outer, *holes = feature["geometry"]["coordinates"]
            mask |= draw([outer], size) & ~draw(holes, size)
        return mask


def otsu_saturation(rgb):
    saturation = color.rgb2hsv(rgb)[..., 1]
    return saturation > filters.threshold_otsu(saturation)


def morphological(rgb):
    grey = (color.rgb2gray(rgb) * 255).astype(np.uint8)
    mask = grey < filters.threshold_otsu(grey)
    mask = morphology.remove_small_objects(mask, 20)
    return morphology.dilation(mask, morphology.disk(2))


print("| picture | way | IoU | recall | ink on glass kept |\n|---|---|---|---|---|")
for case in json.loads((HERE / "reference.json").read_text()):
    path = Path(sys.argv[1]) / case["image"]
    picture = Image.open(path).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture)
    rgb = np.asarray(white.convert("RGB"))
    scale = max(picture.size) / 900
    tissue = draw(case["tissue"], picture.size, scale)
    ink = draw(case["inkOnGlass"], picture.size, scale) & ~tissue
    for name, mask in (
        ("microtome", microtome(path, case["mpp"], picture.size, sys.argv[2:])),
        ("Otsu on saturation", otsu_saturation(rgb)),
        ("morphological masker", morphological(rgb)),
    ):
        iou = (mask & tissue).sum() / (mask | tissue).sum()
        recall = (mask & tissue).sum() / tissue.sum()
        kept = f"{100 * mask[ink].mean():.0f} %" if ink.any() else ""
        print(f"| {case['image']} | {name} | {iou:.3f} | {recall:.3f} | {kept} |")
