"""What a crop teaches: dense maps, and prompts with their masks.

All maps are on the grid of mask features: cells of ``stride`` px.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from scipy import ndimage

from .augment import Crop
from .datasets import UNKNOWN


@dataclass
class Targets:
    """Targets of one crop; G = crop size / stride."""

    dense: np.ndarray  # float32 [3,G,G]: objectness, foreground, boundary
    weight: np.ndarray  # float32 [3,G,G]: 0 where nothing is known
    points: np.ndarray  # float32 [P,2] px
    boxes: np.ndarray  # float32 [P,4] px
    has_box: np.ndarray  # float32 [P]
    ids: np.ndarray  # int64 [P]: label number, 0 for a background prompt
    background: np.ndarray  # bool [G,G]: where background prompts may be put


@dataclass(frozen=True)
class PromptConfig:
    """How many prompts a crop gives, and of which kinds."""

    objects: int = 14
    empty: int = 3
    box_share: float = 0.3
    centre_share: float = 0.45
    #: Objects with fewer px in the crop are not prompted.
    min_area: int = 25


def make(crop: Crop, ambiguous: np.ndarray, stride: int, config: PromptConfig, rng: np.random.Generator) -> Targets:
    """Dense maps and prompts of one crop."""
    label, size = crop.label, crop.label.shape[0]
    grid = size // stride
    if crop.points is not None and not label.any():
        return _from_points(crop, grid, stride)
    if crop.points is not None:
        ambiguous = np.array([UNKNOWN], np.int32)
    present = np.bincount(label.ravel()) > 0
    present[0] = True
    ids = np.flatnonzero(present)
    inverse = (np.cumsum(present) - 1)[label]
    count = len(ids)
    y, x = _axes(size)
    flat = inverse.ravel()
    area = np.maximum(np.bincount(flat, minlength=count), 1).astype(np.float64)
    mx, my = (np.bincount(flat, v.ravel(), count) / area for v in (x, y))
    dx, dy = x - mx[inverse].astype(np.float32), y - my[inverse].astype(np.float32)
    xx, yy, xy = (np.bincount(flat, v.ravel(), count) / area for v in (dx * dx, dy * dy, dx * dy))
    xx, yy = xx + 0.5, yy + 0.5
    det = np.maximum(xx * yy - xy * xy, 1e-3)
    ia, ib, ic = (v.astype(np.float32) for v in (yy / det, xx / det, -xy / det))
    distance = ia[inverse] * dx * dx + ib[inverse] * dy * dy + 2 * ic[inverse] * dx * dy
    foreground = label > 0
    heat = np.where(foreground & (label != UNKNOWN), np.exp(-distance), 0).astype(np.float32)
    edge = _edges(label)

    small = cv2.resize(heat, (grid, grid), interpolation=cv2.INTER_AREA)
    fore = cv2.resize(foreground.astype(np.float32), (grid, grid), interpolation=cv2.INTER_AREA)
    edge = cv2.resize(edge, (grid, grid), interpolation=cv2.INTER_AREA)
    known = cv2.resize(crop.valid.astype(np.float32), (grid, grid), interpolation=cv2.INTER_AREA) > 0.99
    weight = np.repeat(known[None].astype(np.float32), 3, 0)
    unsure = np.isin(ids, ambiguous) & (ids > 0)
    if unsure.any():
        cells = cv2.resize(unsure[inverse].astype(np.float32), (grid, grid), interpolation=cv2.INTER_AREA) > 0
        weight[0][cells] = 0
        weight[2][cells] = 0
    background = (fore == 0) & known
    if crop.points is not None:
        # Outlines of a model, not of a person: the rest of the field is neither background nor foreground for sure.
        weight[1][cv2.resize((label == UNKNOWN).astype(np.float32), (grid, grid), interpolation=cv2.INTER_AREA) > 0] = 0
        _add_centres(crop, small, weight[0], known)
        background[:] = False

    usable = [i for i in range(count) if ids[i] > 0 and area[i] >= config.min_area and not unsure[i]]
    points, boxes, has_box, chosen = _prompts(inverse, usable, (mx, my), config, rng)
    return Targets(
        np.stack([small, fore, np.minimum(edge * 1.5, 1)]).astype(np.float32),
        weight,
        points,
        boxes,
        has_box,
        ids[chosen].astype(np.int64),
        background,
    )


def _prompts(
    inverse: np.ndarray,
    usable: list[int],
    centres: tuple[np.ndarray, np.ndarray],
    config: PromptConfig,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Points and boxes for objects of a crop, drawn with repetition if there are few."""
    size = inverse.shape[0]
    count = min(config.objects, 3 * len(usable))
    if count == 0:
        return np.zeros((0, 2), np.float32), np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, int)
    order = rng.permutation(usable)
    chosen = np.concatenate([order] * 3)[:count]
    places = ndimage.find_objects(inverse.astype(np.int32))
    points, boxes, has_box = [], [], []
    for i in chosen:
        place = places[i - 1]
        ys, xs = np.nonzero(inverse[place] == i)
        ys, xs = ys + place[0].start, xs + place[1].start
        kind = rng.random()
        box = np.zeros(4, np.float32)
        if kind < config.box_share:
            x0, y0, x1, y1 = xs.min(), ys.min(), xs.max() + 1, ys.max() + 1
            w, h = x1 - x0, y1 - y0
            shake = rng.normal(0, 0.07, 4) * np.array([w, h, w, h])
            box = np.clip(np.array([x0, y0, x1, y1]) + shake, 0, size).astype(np.float32)
            box[2:] = np.maximum(box[2:], box[:2] + 2)
            point = (box[:2] + box[2:]) / 2
        else:
            at = rng.integers(len(xs))
            if kind < config.box_share + config.centre_share:
                reach = 0.3 * np.sqrt(len(xs) / np.pi)
                wanted = np.array([centres[0][i], centres[1][i]]) + rng.normal(0, 1, 2) * reach
                at = np.argmin((xs - wanted[0]) ** 2 + (ys - wanted[1]) ** 2)
            point = np.array([xs[at] + rng.random(), ys[at] + rng.random()])
        points.append(point)
        boxes.append(box)
        has_box.append(float(kind < config.box_share))
    return (
        np.array(points, np.float32),
        np.array(boxes, np.float32),
        np.array(has_box, np.float32),
        np.array(chosen),
    )


@cache
def _axes(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of every pixel, float32 [S,S]."""
    y, x = np.indices((size, size), np.float32)
    return y, x


def _edges(label: np.ndarray) -> np.ndarray:
    """1 on pixels of objects that touch another number, float32."""
    edge = np.zeros(label.shape, bool)
    across, down = label[:, 1:] != label[:, :-1], label[1:] != label[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    return edge.astype(np.float32)


def _add_centres(crop: Crop, heat: np.ndarray, weight: np.ndarray, known: np.ndarray) -> None:
    """Objectness of the centres that have no sure outline, written into the maps of those that have."""
    assert crop.points is not None
    at = np.clip(crop.points.astype(int), 0, crop.label.shape[0] - 1)
    bare = np.isin(crop.label[at[:, 1], at[:, 0]], (0, UNKNOWN))
    grid = heat.shape[0]
    extra, near = _bumps(crop.points[bare], grid, crop.label.shape[0] // grid)
    outlined = heat > 0
    weight[near & ~outlined] = 0
    shown = (extra > 0.6) & ~outlined & known
    heat[shown] = extra[shown]
    weight[shown] = 1


def _bumps(points: np.ndarray, grid: int, stride: int, radius: float = 8.0) -> tuple[np.ndarray, np.ndarray]:
    """A Gaussian at each centre, and what lies near one: [G,G]."""
    heat = np.zeros((grid, grid), np.float32)
    near = np.zeros((grid, grid), bool)
    y, x = np.indices((grid, grid), np.float32)
    for px, py in points / stride:
        x0, y0 = max(0, int(px) - 12), max(0, int(py) - 12)
        window = (slice(y0, int(py) + 13), slice(x0, int(px) + 13))
        squared = ((x[window] + 0.5 - px) ** 2 + (y[window] + 0.5 - py) ** 2) * stride**2
        heat[window] = np.maximum(heat[window], np.exp(-squared / (radius / 2) ** 2))
        near[window] |= squared < (2.2 * radius) ** 2
    return heat, near


def _from_points(crop: Crop, grid: int, stride: int) -> Targets:
    """Objectness alone, from centroids: sure near a centre and far from all, unknown between."""
    assert crop.points is not None
    heat, near = _bumps(crop.points, grid, stride)
    known = cv2.resize(crop.valid.astype(np.float32), (grid, grid), interpolation=cv2.INTER_AREA) > 0.99
    sure = known & ((heat > 0.6) | ~near)
    weight = np.zeros((3, grid, grid), np.float32)
    weight[0] = sure
    dense = np.zeros((3, grid, grid), np.float32)
    dense[0] = heat
    none = np.zeros(0, np.float32)
    empty = np.zeros((grid, grid), bool)
    return Targets(dense, weight, none.reshape(0, 2), none.reshape(0, 4), none, np.zeros(0, np.int64), empty)
