"""A page of the best, median and worst validation images: truth in green, the model's answer in yellow.

    python -m promptable.overlays --model ../models/microtome-nuclei.json --task nuclei --out ../models/card/nuclei.jpg

Only images whose licence allows copies are shown; nothing under ``test/`` is. Images with fewer than three objects
are passed over; small ones are enlarged.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from .automatic import automatic
from .evaluate import open_model
from .metrics import figures
from .tasks import TASKS

TILE = 320
LEAST_OBJECTS = 3


def enlarge(values: np.ndarray, how: int) -> np.ndarray:
    """Small images fill their tile."""
    factor = TILE / max(values.shape[:2])
    if factor <= 1:
        return values
    return cv2.resize(values, None, fx=factor, fy=factor, interpolation=how)


def outline(image: np.ndarray, label: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """The image with every object's border painted."""
    out = image.copy()
    edge = np.zeros(label.shape, bool)
    edge[:-1] |= label[:-1] != label[1:]
    edge[:, :-1] |= label[:, :-1] != label[:, 1:]
    out[edge] = colour
    return out


def tile(image: np.ndarray, truth: np.ndarray, answer: np.ndarray, caption: str) -> np.ndarray:
    """Truth and answer side by side, with a caption."""
    image = enlarge(image, cv2.INTER_CUBIC)
    truth, answer = (enlarge(label.astype(np.float32), cv2.INTER_NEAREST) for label in (truth, answer))
    parts = [outline(image, truth, (0, 200, 0)), outline(image, answer, (255, 230, 0))]
    white = (255, 255, 255)
    parts = [
        cv2.copyMakeBorder(p, 0, TILE - p.shape[0], 0, TILE - p.shape[1], cv2.BORDER_CONSTANT, value=white)
        for p in parts
    ]
    pair = np.concatenate(parts, 1)
    pair = cv2.copyMakeBorder(pair, 20, 4, 2, 2, cv2.BORDER_CONSTANT, value=white)
    cv2.putText(pair, caption, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    return pair


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(TASKS), default="nuclei")
    parser.add_argument("--painted", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    runtime, config, _ = open_model(args.model)
    scored = []
    for sample in TASKS[args.task].load(args.painted):
        if not sample.validation or sample.points is not None or not sample.complete:
            continue
        image, truth = sample.image[:TILE, :TILE], sample.label[:TILE, :TILE]
        if len(np.unique(truth)) - 1 < LEAST_OBJECTS:
            continue
        answer = automatic(runtime, image, config)
        got = figures(truth, answer)
        caption = f"{sample.source}/{sample.name[:18]}  AJI {got['aji']:.2f}  PQ {got['pq']:.2f}"
        scored.append((got["pq"], tile(image, truth, answer, caption)))
    scored.sort(key=lambda pair: -pair[0])
    middle = len(scored) // 2
    chosen = scored[:3] + scored[middle - 1 : middle + 2] + scored[-3:]
    rows = [np.concatenate([t for _, t in chosen[i : i + 3]], 1) for i in range(0, len(chosen), 3)]
    page = np.concatenate(rows, 0)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(args.out), page[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    print(args.out, args.out.stat().st_size)


if __name__ == "__main__":
    main()
