"""Figures that compare a predicted label image with the true one.

AJI: Kumar et al. 2017 (each true object takes the prediction of highest IoU; predictions taken by
none count whole). PQ: Kirillov et al. 2019. F1 at IoU > 0.5. Dice of the two foregrounds.
"""

from __future__ import annotations

import numpy as np


def contingency(truth: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Areas of true objects [T], of predicted ones [Q], and their common areas [T,Q]."""
    true_ids, t = np.unique(truth, return_inverse=True)
    predicted_ids, q = np.unique(predicted, return_inverse=True)
    counts = np.bincount(t.ravel() * len(predicted_ids) + q.ravel(), minlength=len(true_ids) * len(predicted_ids))
    table = counts.reshape(len(true_ids), len(predicted_ids))
    areas_t, areas_q = table.sum(1), table.sum(0)
    return areas_t[true_ids > 0], areas_q[predicted_ids > 0], table[true_ids > 0][:, predicted_ids > 0]


def figures(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """AJI, PQ (with SQ), F1, precision, recall at IoU 0.5, Dice."""
    areas_t, areas_q, common = contingency(truth, predicted)
    both = float(((truth > 0) & (predicted > 0)).sum())
    either = float((truth > 0).sum() + (predicted > 0).sum())
    dice = 2 * both / either if either else 1.0
    if not len(areas_t) or not len(areas_q):
        empty = float(len(areas_t) == len(areas_q))
        names = ("aji", "pq", "sq", "f1", "precision", "recall")
        return {name: empty for name in names} | {"dice": dice}
    union = areas_t[:, None] + areas_q[None] - common
    iou = common / union
    best = iou.argmax(1)
    some = iou.max(1) > 0
    rows = np.arange(len(areas_t))
    inter_sum = common[rows, best][some].sum()
    union_sum = union[rows, best][some].sum() + areas_t[~some].sum()
    used = np.unique(best[some])
    union_sum += areas_q.sum() - areas_q[used].sum()
    matched = iou[iou > 0.5]
    tp, fn, fp = len(matched), len(areas_t) - len(matched), len(areas_q) - len(matched)
    sq = float(matched.mean()) if tp else 0.0
    f1 = 2 * tp / (2 * tp + fp + fn)
    return {
        "aji": float(inter_sum / union_sum),
        "pq": sq * f1,
        "sq": sq,
        "f1": f1,
        "precision": tp / (tp + fp),
        "recall": tp / (tp + fn),
        "dice": dice,
    }


def summary(rows: list[dict[str, float]]) -> dict[str, tuple[float, float]]:
    """Mean over images and standard deviation between images of every figure."""
    return {k: (float(np.mean([r[k] for r in rows])), float(np.std([r[k] for r in rows]))) for k in rows[0]}


def object_dice(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Sirinukunwattana et al. 2017 (GlaS): area-weighted Dice of each object with its largest partner, both ways."""
    areas_t, areas_q, common = contingency(truth, predicted)
    if not len(areas_t) or not len(areas_q):
        return float(len(areas_t) == len(areas_q))
    dice = 2 * common / (areas_t[:, None] + areas_q[None])
    of_truth = np.take_along_axis(dice, common.argmax(1)[:, None], 1)[:, 0]
    of_predicted = np.take_along_axis(dice, common.argmax(0)[None], 0)[0]
    return float(((areas_t * of_truth).sum() / areas_t.sum() + (areas_q * of_predicted).sum() / areas_q.sum()) / 2)
