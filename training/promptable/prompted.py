"""How well prompts are answered, beside answers that never look at the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, stats

from .automatic import AutoConfig, Mask, to_mask
from .calibrate import crop_of
from .datasets import Sample
from .runtime import Encoded, Runtime


@dataclass(frozen=True)
class Overlap:
    """A mask beside an object's true pixels, counted in px."""

    common: int
    mask: int
    truth: int

    @property
    def iou(self) -> float:
        return self.common / max(1, self.mask + self.truth - self.common)

    @property
    def dice(self) -> float:
        return 2 * self.common / max(1, self.mask + self.truth)


def asked_for(label: np.ndarray, ambiguous: np.ndarray) -> list[int]:
    """Numbers of the objects that prompts ask for: 25 px at least, and of sure outline."""
    areas = np.bincount(label.ravel())
    unsure = set(ambiguous.tolist())
    return [int(i) for i in np.flatnonzero(areas >= 25) if i > 0 and i not in unsure]


def mask_of(window: np.ndarray, origin: np.ndarray, encoded: Encoded, stride: int, threshold: float) -> Mask | None:
    """The whole mask of one answer, however it would be ranked."""
    return to_mask(window, origin, 0, 0, encoded, stride, threshold)


def overlap(mask: Mask | None, label: np.ndarray, number: int) -> Overlap:
    """How a mask meets object ``number`` of a label image [H,W]."""
    truth = int((label == number).sum())
    if mask is None:
        return Overlap(0, 0, truth)
    h, w = mask.bits.shape
    view = label[mask.y : mask.y + h, mask.x : mask.x + w]
    return Overlap(int((mask.bits & (view == number)).sum()), int(mask.bits.sum()), truth)


def prompted(runtime: Runtime, samples: list[Sample], config: AutoConfig, disc_px: float = 10.0) -> dict[str, float]:
    """Mean Dice an object for centroid points and for boxes, with blind controls.

    The controls: a disc of ``disc_px`` radius at the centroid, an ellipse in the true box. Also the rank
    correlation of predicted with true IoU over points on objects and on background.
    """
    point_dice, box_dice, disc_dice, ellipse_dice = [], [], [], []
    predicted, actual = [], []
    rng = np.random.default_rng(0)
    for sample in samples:
        image, label = crop_of(sample)
        encoded = runtime.encode(image)
        places, ids = ndimage.find_objects(label), asked_for(label, sample.ambiguous)
        if not ids:
            continue
        centres = np.array([c[::-1] for c in ndimage.center_of_mass(label > 0, label, ids)], np.float32) + 0.5
        boxes = np.array(
            [[p[1].start, p[0].start, p[1].stop, p[0].stop] for p in (places[i - 1] for i in ids)], np.float32
        )
        by_point = runtime.decode(encoded, centres)
        by_box = runtime.decode(encoded, (boxes[:, :2] + boxes[:, 2:]) / 2, boxes)
        for at, number in enumerate(ids):
            truth = label == number
            for answers, dices in ((by_point, point_dice), (by_box, box_dice)):
                windows, origins, iou = answers
                mask = mask_of(windows[at], origins[at], encoded, runtime.stride, config.mask_threshold)
                met = overlap(mask, label, number)
                dices.append(met.dice)
                if dices is point_dice:
                    predicted.append(float(iou[at]))
                    actual.append(met.iou)
            disc_dice.append(_disc(truth, centres[at], disc_px))
            ellipse_dice.append(_ellipse(truth, boxes[at]))
        empty = np.argwhere(label == 0)
        if len(empty):
            some = empty[rng.integers(len(empty), size=min(len(ids) // 3 + 1, 40))][:, ::-1] + 0.5
            predicted += runtime.decode(encoded, some.astype(np.float32))[2].tolist()
            actual += [0.0] * len(some)
    objects = [(p, a) for p, a in zip(predicted, actual, strict=True) if a > 0]
    return {
        "objects": len(point_dice),
        "point_dice": float(np.mean(point_dice)),
        "disc_dice": float(np.mean(disc_dice)),
        "box_dice": float(np.mean(box_dice)),
        "ellipse_dice": float(np.mean(ellipse_dice)),
        "iou_spearman_objects": float(stats.spearmanr(*zip(*objects, strict=True)).statistic),
        "iou_spearman": float(stats.spearmanr(predicted, actual).statistic),
    }


def _disc(truth: np.ndarray, centre: np.ndarray, radius: float) -> float:
    y, x = np.ogrid[: truth.shape[0], : truth.shape[1]]
    disc = (x + 0.5 - centre[0]) ** 2 + (y + 0.5 - centre[1]) ** 2 <= radius**2
    return float(2 * (disc & truth).sum() / (disc.sum() + truth.sum()))


def _ellipse(truth: np.ndarray, box: np.ndarray) -> float:
    y, x = np.ogrid[: truth.shape[0], : truth.shape[1]]
    cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    rx, ry = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    ellipse = ((x + 0.5 - cx) / rx) ** 2 + ((y + 0.5 - cy) / ry) ** 2 <= 1
    return float(2 * (ellipse & truth).sum() / (ellipse.sum() + truth.sum()))
