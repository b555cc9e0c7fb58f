"""A click answered the way a Python script does it: OpenSlide, Pillow, onnxruntime and scikit-image.

The same two graphs and the same patch as microtome: read, enlarge or shrink (bilinear), encode, decode one point,
enlarge the window of logits, follow its contour. onnxruntime with its own defaults: all cores.
"""

import math
import pathlib
import sys

import numpy as np
import onnxruntime
import openslide
from PIL import Image
from skimage import measure

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "reading"))
from jobs import serve

opened = {}
kept = {}


def once(name, make):
    if name not in opened:
        opened[name] = make()
    return opened[name]


def embed(job, slide, encoder):
    x, y, side = job["patch"]
    left, top = math.floor(x), math.floor(y)
    around = math.ceil(side) + 2
    whole = slide.read_region((left, top), 0, (around, around)).convert("RGB")
    box = (x - left, y - top, x - left + side, y - top + side)
    size = (job["pixels"], job["pixels"])
    image = np.asarray(whole.resize(size, Image.Resampling.BILINEAR, box))[np.newaxis]
    embedding, features = encoder.run(["embedding", "features"], {"image": image})
    return {"embedding": embedding, "features": features}


def work(job):
    slide = once(job["slide"], lambda: openslide.OpenSlide(job["slide"]))
    encoder = once(job["encoder"], lambda: onnxruntime.InferenceSession(job["encoder"]))
    decoder = once(job["decoder"], lambda: onnxruntime.InferenceSession(job["decoder"]))
    name = tuple(job["patch"])
    if not (job["keep"] and name in kept):
        kept[name] = embed(job, slide, encoder)
    x, y, side = job["patch"]
    scale = job["pixels"] / side
    point = [(job["point"][0] - x) * scale, (job["point"][1] - y) * scale]
    windows, origins, _ = decoder.run(
        ["windows", "origins", "iou_predictions"],
        {
            **kept[name],
            "points": np.array([point], np.float32),
            "boxes": np.zeros((1, 4), np.float32),
            "has_box": np.zeros(1, np.float32),
        },
    )
    logits = windows[0, 0]
    cells = logits.shape[0] * job["stride"]
    large = np.asarray(Image.fromarray(logits).resize((cells, cells), Image.Resampling.BILINEAR))
    # A frame of background, so that every contour is closed.
    contours = measure.find_contours(np.pad(large, 1, constant_values=-99.0), job["threshold"])
    if not contours:
        return {"outline": []}
    longest = max(contours, key=len)[:-1, ::-1] - 0.5
    outline = (longest + origins[0]) / scale + (x, y)
    return {"outline": np.round(outline, 2).ravel().tolist()}


serve(f"onnxruntime {onnxruntime.__version__}, OpenSlide {openslide.__library_version__}", work)
