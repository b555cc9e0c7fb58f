"""Makes input.png, macenko.png, reinhard.png and goldens.json: stain normalisation by numpy alone.

Needs numpy, Pillow and openslide-python. The input is a part of the painted sample slide. Macenko et
al. 2009 as in M. Veta's MATLAB (2013): numpy's eigenvectors, numpy's least squares. Reinhard et al.
2001 in lαβ by numpy's matrix inverse.
"""

import json
from pathlib import Path

import numpy as np
import openslide
from PIL import Image

HERE = Path(__file__).parent
WHITE = np.array([244.0, 242.0, 243.0])


def macenko(rgb):
    od = -np.log((rgb.reshape(-1, 3).astype(float) + 1) / WHITE)
    stained = od[(od >= 0.15).all(axis=1)]
    values, vectors = np.linalg.eigh(np.cov(stained.T))
    plane = vectors[:, [2, 1]]
    plane = plane * np.where(plane[0] < 0, -1, 1)
    there = stained @ plane
    phi = np.arctan2(there[:, 1], there[:, 0])
    low, high = np.percentile(phi, 1), np.percentile(phi, 99)
    a = plane @ np.array([np.cos(low), np.sin(low)])
    b = plane @ np.array([np.cos(high), np.sin(high)])
    he = np.array([a, b] if a[0] > b[0] else [b, a]).T
    amounts = np.linalg.lstsq(he, stained.T, rcond=None)[0]
    most = np.percentile(amounts, 99, axis=1)
    every = np.linalg.lstsq(he, od.T, rcond=None)[0]
    target = np.array([[0.5626, 0.2159], [0.7201, 0.8012], [0.4062, 0.5581]])
    mixed = target @ (every * (np.array([1.9705, 1.0308]) / most)[:, None])
    out = 240 * np.exp(-mixed).T.reshape(rgb.shape)
    facts = {
        "pixels": int(len(stained)),
        "hematoxylin": he[:, 0].tolist(),
        "eosin": he[:, 1].tolist(),
        "most": most.tolist(),
    }
    return np.clip(np.rint(out), 0, 255).astype(np.uint8), facts


def reinhard(rgb):
    to_lms = np.array(
        [[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]]
    )
    to_lab = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])
    log_lms = np.log(np.maximum(1, rgb.reshape(-1, 3).astype(float)) @ to_lms.T)
    lab = log_lms @ to_lab.T
    mean, deviation = lab.mean(axis=0), lab.std(axis=0)
    target_mean = np.array([8.74108109, -0.12440419, 0.0444982])
    target_deviation = np.array([0.6135447, 0.10989545, 0.0286032])
    moved = (lab - mean) / deviation * target_deviation + target_mean
    out = np.exp(moved @ np.linalg.inv(to_lab).T) @ np.linalg.inv(to_lms).T
    facts = {"pixels": len(lab), "mean": mean.tolist(), "deviation": deviation.tolist()}
    return np.clip(np.rint(out.reshape(rgb.shape)), 0, 255).astype(np.uint8), facts


slide = openslide.OpenSlide(str(HERE / "../../../samples/sample.tif"))
part = slide.read_region((1800, 500), 1, (112, 112)).convert("RGB")
part.save(HERE / "input.png")
rgb = np.asarray(part)
goldens = {"white": WHITE.tolist()}
for name, method in (("macenko", macenko), ("reinhard", reinhard)):
    picture, goldens[name] = method(rgb)
    Image.fromarray(picture).save(HERE / f"{name}.png")
(HERE / "goldens.json").write_text(json.dumps(goldens, indent=2) + "\n")
