"""The automatic mode: objectness peaks, decode, filter, a second look, non-maximum suppression.

This is the reference for the same steps in TypeScript; models/README.md describes it in words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy import ndimage

from .runtime import Encoded, Runtime


@dataclass(frozen=True)
class AutoConfig:
    """Thresholds of the automatic mode, chosen on validation images."""

    objectness_threshold: float = 0.4
    peak_radius_px: float = 6.0
    predicted_iou_threshold: float = 0.4
    mask_threshold: float = 0.0
    nms_iou: float = 0.3
    refine_passes: int = 0
    min_area_um2: float = 8.0
    mpp: float = 0.25
    #: Foreground above which what no mask claims is prompted, too; 1 for never.
    second_look: float = 1.0

    def but(self, **changes: float) -> AutoConfig:
        return replace(self, **changes)


@dataclass
class Mask:
    """One object: a bool array and where its corner lies on the image, px."""

    x: int
    y: int
    bits: np.ndarray
    score: float
    order: int
    #: Upsampled logits of the same box, float32; None where none are at hand.
    logits: np.ndarray | None = None
    #: 1 for an answer of the second look: it comes after those of the first when some are dropped.
    look: int = 0


def peaks(objectness: np.ndarray, threshold: float, radius_px: float, stride: int) -> np.ndarray:
    """Centres (px) of cells above the threshold that are the highest within a disc: [P,2].

    The disc holds the cells whose centres lie within ``radius_px``. Among equals the first in raster
    order wins. Results are in raster order.
    """
    reach = int(radius_px // stride)
    axis = np.arange(-reach, reach + 1) * stride
    disc = (axis[:, None] ** 2 + axis[None] ** 2 <= radius_px**2).astype(np.uint8)
    before, after = disc.copy(), disc.copy()
    before[reach, reach:] = 0
    before[reach + 1 :] = 0
    after[reach, : reach + 1] = 0
    after[:reach] = 0
    padded = np.pad(objectness.astype(np.float32), reach, constant_values=-1.0)
    best = objectness > threshold
    if reach:
        earlier = cv2.dilate(padded, before)[reach:-reach, reach:-reach]
        later = cv2.dilate(padded, after)[reach:-reach, reach:-reach]
        best = best & (objectness > earlier) & (objectness >= later)
    y, x = np.nonzero(best)
    return (np.stack([x, y], 1).astype(np.float32) + 0.5) * stride


def to_mask(
    window: np.ndarray, origin: np.ndarray, score: float, order: int, encoded: Encoded, stride: int, threshold: float
) -> Mask | None:
    """Upsample a window of logits to px, threshold, crop to the image and to the mask's tight box."""
    big = cv2.resize(window, None, fx=stride, fy=stride, interpolation=cv2.INTER_LINEAR)
    ox, oy = int(origin[0]), int(origin[1])
    x0, y0 = max(0, -ox), max(0, -oy)
    logits = big[y0 : encoded.height - oy, x0 : encoded.width - ox]
    bits = logits > threshold
    rows, columns = np.flatnonzero(bits.any(1)), np.flatnonzero(bits.any(0))
    if rows.size == 0:
        return None
    tight = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return Mask(ox + x0 + int(columns[0]), oy + y0 + int(rows[0]), bits[tight], score, order, logits[tight])


def masks_of(
    windows: np.ndarray, origins: np.ndarray, iou: np.ndarray, encoded: Encoded, stride: int, config: AutoConfig
) -> list[Mask]:
    """Masks that pass the predicted-IoU and area filters, in prompt order."""
    smallest = config.min_area_um2 / config.mpp**2
    found = []
    for order in range(len(windows)):
        if iou[order] <= config.predicted_iou_threshold:
            continue
        mask = to_mask(windows[order], origins[order], float(iou[order]), order, encoded, stride, config.mask_threshold)
        if mask is not None and mask.bits.sum() >= smallest:
            found.append(mask)
    return found


def suppress(masks: list[Mask], height: int, width: int, nms_iou: float, smallest: float = 0.0) -> np.ndarray:
    """Greedy mask NMS; the label image [H,W] of what is left, numbered in the order of preference.

    The first look before the second, each by falling predicted IoU (ties: prompt order). A mask is dropped
    where its IoU with a kept (whole) mask exceeds ``nms_iou``, or where more than half of its pixels already
    belong to kept ones; else it gets the pixels that are free, and those where its logit is higher than their
    owner's. When all have chosen, each is reduced to one blob (see ``clean``).
    """
    label = np.zeros((height, width), np.int32)
    claim = np.full((height, width), np.inf, np.float32)
    kept: list[tuple[Mask, int]] = []  # with whole areas
    boxes = np.zeros((len(masks), 4), np.int64)
    for mask in sorted(masks, key=lambda m: (m.look, -m.score, m.order)):
        h, w = mask.bits.shape
        area = int(mask.bits.sum())
        view = label[mask.y : mask.y + h, mask.x : mask.x + w]
        if int((view[mask.bits] > 0).sum()) * 2 > area:
            continue
        old = boxes[: len(kept)]
        near = (old[:, 0] < mask.x + w) & (old[:, 2] > mask.x) & (old[:, 1] < mask.y + h) & (old[:, 3] > mask.y)
        if any(_iou(mask, kept[i][0], area, kept[i][1]) > nms_iou for i in np.flatnonzero(near)):
            continue
        boxes[len(kept)] = mask.x, mask.y, mask.x + w, mask.y + h
        kept.append((mask, area))
        free = mask.bits & (view == 0)
        if mask.logits is not None:
            best = claim[mask.y : mask.y + h, mask.x : mask.x + w]
            free |= mask.bits & (mask.logits > best)
            best[free] = mask.logits[free]
        view[free] = len(kept)
    return clean(label, smallest)


#: Holes of up to this many px are closed.
SMALL_HOLE_PX = 8


def clean(label: np.ndarray, smallest: float) -> np.ndarray:
    """Each object's largest 8-connected part, holes of up to SMALL_HOLE_PX px filled, small ones dropped.

    A hole is 4-connected background that does not reach the edge of the part's tight box; one that
    holds another object's pixel stays open.
    """
    taken = label > 0
    out = label.copy()
    for number, place in enumerate(ndimage.find_objects(label), 1):
        if place is None:
            continue
        own = (label[place] == number).astype(np.uint8)
        count, parts, sizes, _ = cv2.connectedComponentsWithStats(own, connectivity=8)
        if count > 2:
            largest = 1 + int(np.argmax(sizes[1:, cv2.CC_STAT_AREA]))
            out[place][(own > 0) & (parts != largest)] = 0
            own = (parts == largest).astype(np.uint8)
        if own.sum() < smallest:
            out[place][own > 0] = 0
            continue
        y, x = np.nonzero(own)
        tight = (slice(y.min(), y.max() + 1), slice(x.min(), x.max() + 1))
        count, holes, sizes, _ = cv2.connectedComponentsWithStats(1 - own[tight], connectivity=4)
        height, width = holes.shape
        for hole in range(1, count):
            left, top, wide, high, area = sizes[hole]
            at_edge = left == 0 or top == 0 or left + wide == width or top + high == height
            inside = holes == hole
            if at_edge or area > SMALL_HOLE_PX or taken[place][tight][inside].any():
                continue
            out[place][tight][inside] = number
    return out


def _iou(a: Mask, b: Mask, area_a: int, area_b: int) -> float:
    x0, y0 = max(a.x, b.x), max(a.y, b.y)
    x1 = min(a.x + a.bits.shape[1], b.x + b.bits.shape[1])
    y1 = min(a.y + a.bits.shape[0], b.y + b.bits.shape[0])
    if x1 <= x0 or y1 <= y0:
        return 0.0
    part_a = a.bits[y0 - a.y : y1 - a.y, x0 - a.x : x1 - a.x]
    part_b = b.bits[y0 - b.y : y1 - b.y, x0 - b.x : x1 - b.x]
    common = int((part_a & part_b).sum())
    return common / (area_a + area_b - common)


@dataclass
class Decoded:
    """All candidates of one image, before thresholds."""

    encoded: Encoded
    windows: np.ndarray
    origins: np.ndarray
    iou: np.ndarray
    points: np.ndarray


def candidates(runtime: Runtime, encoded: Encoded, config: AutoConfig) -> Decoded:
    """Peaks decoded, and decoded again by their own boxes where asked."""
    points = peaks(encoded.objectness, config.objectness_threshold, config.peak_radius_px, runtime.stride)
    return decoded(runtime, encoded, inside(points, encoded.height, encoded.width), config)


def inside(points: np.ndarray, height: int, width: int) -> np.ndarray:
    """The points [P,2] that lie on an image of this size, not in its padding."""
    return points[(points[:, 0] < width) & (points[:, 1] < height)]


def decoded(runtime: Runtime, encoded: Encoded, points: np.ndarray, config: AutoConfig) -> Decoded:
    """The answers to points [P,2], asked again by their own boxes where the settings say so."""
    windows, origins, iou = runtime.decode(encoded, points)
    for _ in range(config.refine_passes):
        windows, origins, iou = refine(runtime, encoded, windows, origins, iou, config)
    return Decoded(encoded, windows, origins, iou, points)


def unclaimed(foreground: np.ndarray, masks: list[Mask], stride: int, threshold: float) -> np.ndarray:
    """Foreground [H/s,W/s] where neither a cell nor one beside it is claimed or not above the threshold; else 0.

    A mask claims each cell of which it has a pixel. Cells beyond the map do not count.
    """
    left = (foreground > threshold).astype(np.uint8)
    for mask in masks:
        y, x = np.nonzero(mask.bits)
        left[(y + mask.y) // stride, (x + mask.x) // stride] = 0
    return np.where(cv2.erode(left, np.ones((3, 3), np.uint8)) > 0, foreground, 0.0)


def foreground_peaks(
    encoded: Encoded, masks: list[Mask], stride: int, threshold: float, radius_px: float
) -> np.ndarray:
    """Peaks [P,2] of the foreground that the masks leave, less the cells that begin in the padding."""
    rows, columns = (-(-side // stride) for side in (encoded.height, encoded.width))
    left = unclaimed(encoded.foreground[:rows, :columns], masks, stride, threshold)
    return inside(peaks(left, threshold, radius_px, stride), encoded.height, encoded.width)


def second_look(runtime: Runtime, encoded: Encoded, masks: list[Mask], config: AutoConfig) -> list[Mask]:
    """Masks of prompts at foreground that is in none of the masks: objects whose peak was too low, or a neighbour's."""
    if config.second_look >= 1:
        return []
    points = foreground_peaks(encoded, masks, runtime.stride, config.second_look, config.peak_radius_px)
    if not len(points):
        return []
    found = decoded(runtime, encoded, points, config)
    further = masks_of(found.windows, found.origins, found.iou, encoded, runtime.stride, config)
    return [replace(mask, look=1) for mask in further]


def refine(
    runtime: Runtime, encoded: Encoded, windows: np.ndarray, origins: np.ndarray, iou: np.ndarray, config: AutoConfig
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A second pass: each mask's tight box is the prompt. Masks that are empty keep their first answer."""
    rows, boxes = [], []
    for i in range(len(windows)):
        mask = to_mask(windows[i], origins[i], 0.0, i, encoded, runtime.stride, config.mask_threshold)
        if mask is not None:
            h, w = mask.bits.shape
            rows.append(i)
            boxes.append([mask.x, mask.y, mask.x + w, mask.y + h])
    if not rows:
        return windows, origins, iou
    box = np.array(boxes, np.float32)
    again = runtime.decode(encoded, (box[:, :2] + box[:, 2:]) / 2, box)
    windows, origins, iou = windows.copy(), origins.copy(), iou.copy()
    windows[rows], origins[rows], iou[rows] = again
    return windows, origins, iou


def automatic(runtime: Runtime, image: np.ndarray, config: AutoConfig) -> np.ndarray:
    """uint8 RGB [H,W,3] to a label image int32 [H,W]."""
    found = candidates(runtime, runtime.encode(image), config)
    masks = masks_of(found.windows, found.origins, found.iou, found.encoded, runtime.stride, config)
    masks += second_look(runtime, found.encoded, masks, config)
    return suppress(masks, image.shape[0], image.shape[1], config.nms_iou, config.min_area_um2 / config.mpp**2)


@dataclass(frozen=True)
class GridConfig:
    """Thresholds of the grid mode: a prompt every so many px, whatever the image holds."""

    step_px: float = 16.0
    predicted_iou_threshold: float = 0.5
    stability_threshold: float = 0.7
    stability_offset: float = 1.0


def grid_points(height: int, width: int, step_px: float) -> np.ndarray:
    """Centres of a regular grid over the image: [P,2] px, raster order."""
    across, down = max(1, round(width / step_px)), max(1, round(height / step_px))
    x = (np.arange(across) + 0.5) * width / across
    y = (np.arange(down) + 0.5) * height / down
    return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2).astype(np.float32)


def stability(windows: np.ndarray, threshold: float, offset: float) -> np.ndarray:
    """Area above threshold + offset over area above threshold - offset, on cells: [P]."""
    high = (windows > threshold + offset).sum((1, 2))
    low = (windows > threshold - offset).sum((1, 2))
    return high / np.maximum(low, 1)
