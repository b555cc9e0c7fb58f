"""Outlines for nuclei that come as centroids: a model decodes every true centre, the sure answers teach.

    python -m promptable.outlines --checkpoint runs/restored-nuclei/last.pt --out runs/outlines

Each field is seen in four mirrored views whose logits are averaged. A pixel belongs to the centre that claims it most.
An outline is sure if the views agree, the predicted IoU is high, it holds its own centre and no other, and its size is
a nucleus's. Everything else that may be a nucleus is written as UNKNOWN: its centre still teaches objectness.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from .datasets import UNKNOWN, Sample, load_points
from .model import load
from .runtime import Encoded, Runtime, TorchRuntime, input_stride, pad

#: Cells each side of a centre that are kept: 44 cells of 2 px are 22 µm.
HALF = 22


@dataclass(frozen=True)
class Sure:
    """What makes an outline sure. Areas in px of 0.25 µm.

    Set with checkpoints whose IoU head had not been taught again (promptable.quality): with one whose was, look at
    overlays first.
    """

    threshold: float = -0.75
    predicted_iou: float = 0.5
    agreement: float = 0.68
    steadiness: float = 0.5
    least_area: int = 140
    most_area: int = 3200
    most_lost: float = 0.2


def crop_windows(windows: np.ndarray, origins: np.ndarray, points: np.ndarray, stride: int) -> np.ndarray:
    """Logits of the cells round each centre, [P,2*HALF,2*HALF]; what no window holds is -30."""
    count, cells = windows.shape[0], windows.shape[1]
    out = np.full((count, 2 * HALF, 2 * HALF), -30.0, np.float32)
    first = np.floor(points / stride).astype(int) - HALF - (origins / stride).astype(int)
    for i in range(count):
        x, y = first[i]
        x0, y0, x1, y1 = max(0, x), max(0, y), min(cells, x + 2 * HALF), min(cells, y + 2 * HALF)
        if x1 > x0 and y1 > y0:
            out[i, y0 - y : y1 - y, x0 - x : x1 - x] = windows[i, y0:y1, x0:x1]
    return out


def mirror(points: np.ndarray, width: int, height: int, across: bool, down: bool) -> np.ndarray:
    """Points of an image mirrored left-right and top-down."""
    x = width - points[:, 0] if across else points[:, 0]
    y = height - points[:, 1] if down else points[:, 1]
    return np.stack([x, y], 1).astype(np.float32)


def views(runtime: Runtime, image: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits [V,P,2*HALF,2*HALF], predicted IoUs [V,P] and mean foreground [H/s,W/s] of mirrored views."""
    whole = pad(image, input_stride(runtime.stride))
    height, width = whole.shape[:2]
    # The middle of a cell stays the middle of its mirror image.
    centres = (np.floor(points / runtime.stride) + 0.5) * runtime.stride
    logits, ious, fore = [], [], []
    for across, down in ((False, False), (True, False), (False, True), (True, True)):
        view = whole[:: -1 if down else 1, :: -1 if across else 1]
        encoded: Encoded = runtime.encode(np.ascontiguousarray(view))
        seen = mirror(centres, width, height, across, down)
        windows, origins, iou = runtime.decode(encoded, seen)
        # An odd number of cells round the centre, so that mirroring keeps them in place.
        part = crop_windows(windows, origins, seen, runtime.stride)[:, 1:, 1:]
        logits.append(part[:, :: -1 if down else 1, :: -1 if across else 1])
        ious.append(iou)
        fore.append(encoded.foreground[:: -1 if down else 1, :: -1 if across else 1])
    return np.stack(logits), np.stack(ious), np.mean(fore, 0)


def outline(runtime: Runtime, sample: Sample, sure: Sure) -> tuple[np.ndarray, int]:
    """Label image [H,W] (UNKNOWN where a nucleus may be) and how many outlines are sure."""
    assert sample.points is not None
    height, width = sample.label.shape
    logits, ious, fore = views(runtime, sample.image, sample.points)
    mean = logits.mean(0)
    side, s = mean.shape[1], runtime.stride
    masks = logits > sure.threshold
    agreement = masks.all(0).sum((1, 2)) / np.maximum(masks.any(0).sum((1, 2)), 1)
    steadiness = (mean > sure.threshold + 1).sum((1, 2)) / np.maximum((mean > sure.threshold - 1).sum((1, 2)), 1)
    best = np.full((height, width), sure.threshold, np.float32)
    owner = np.zeros((height, width), np.int32)
    own_area = np.zeros(len(mean), np.int64)
    cells = np.floor(sample.points / s).astype(int)
    middle = side // 2
    for i, (cx, cy) in enumerate(cells):
        big = cv2.resize(mean[i], None, fx=s, fy=s, interpolation=cv2.INTER_LINEAR)
        x, y = (cx - middle) * s, (cy - middle) * s
        x0, y0, x1, y1 = max(0, x), max(0, y), min(width, x + side * s), min(height, y + side * s)
        if x1 <= x0 or y1 <= y0:
            continue
        part = big[y0 - y : y1 - y, x0 - x : x1 - x]
        own_area[i] = (part > sure.threshold).sum()
        view = (slice(y0, y1), slice(x0, x1))
        wins = part > best[view]
        best[view][wins] = part[wins]
        owner[view][wins] = i + 1
    label = np.zeros((height, width), np.int32)
    inside = np.clip(np.floor(sample.points).astype(int), 0, [width - 1, height - 1])
    unknown = cv2.resize((fore > 0.35).astype(np.uint8), (whole := pad(sample.image, input_stride(s))).shape[1::-1])
    unknown = unknown[:height, :width] > 0
    assert whole.shape[0] >= height
    kept = 0
    for i in range(len(mean)):
        mask = largest(owner == i + 1)
        area = int(mask.sum())
        good = (
            sure.least_area <= area <= sure.most_area
            and area >= (1 - sure.most_lost) * own_area[i]
            and ious[:, i].mean() >= sure.predicted_iou
            and agreement[i] >= sure.agreement
            and steadiness[i] >= sure.steadiness
            and mask[inside[i, 1], inside[i, 0]]
            and mask[inside[:, 1], inside[:, 0]].sum() == 1
        )
        if good:
            label[mask] = i + 1
            kept += 1
        else:
            unknown |= owner == i + 1
    label[(label == 0) & unknown] = UNKNOWN
    return label, kept


def largest(mask: np.ndarray) -> np.ndarray:
    """The largest 8-connected part."""
    if not mask.any():
        return mask
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    count, parts, sizes, _ = cv2.connectedComponentsWithStats(mask[box].astype(np.uint8), connectivity=8)
    out = np.zeros_like(mask)
    out[box] = parts == 1 + int(np.argmax(sizes[1:, cv2.CC_STAT_AREA])) if count > 2 else mask[box]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--every", type=int, default=1, help="every so many fields, to share the work")
    args = parser.parse_args()
    torch.set_num_threads(1)
    runtime, sure = TorchRuntime(load(str(args.checkpoint))), Sure()
    (args.out / "labels").mkdir(parents=True, exist_ok=True)
    for sample in load_points()[args.first :: args.every]:
        label, kept = outline(runtime, sample, sure)
        path = args.out / "labels" / f"{Path(sample.name).stem}.png"
        cv2.imwrite(str(path), label.astype(np.uint16))
        count = 0 if sample.points is None else len(sample.points)
        print(json.dumps({"field": sample.name, "centres": count, "sure": kept}), flush=True)


if __name__ == "__main__":
    main()
