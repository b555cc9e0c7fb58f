"""Do the regions model's features tell tumour from the rest? A linear probe, every patient held out once.

    python -m promptable.tumour_probe --model ../models/microtome-regions.json

An experiment, not a part of the model: three BCSS patients (breast) and one of OCDC (oral cavity) at 2 µm/px; a score
of a place is a logistic regression on the mean embedding round it, fitted on the other patients. Camelyon's tiles tell
no patients and no µm/px, and are left out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

from .datasets import data_root, read_index, read_label, read_rgb, rescale
from .evaluate import open_model

SETS = {"regions-bcss-tumour": 0.25, "regions-ocdc-tumor": 0.5}


def fit(x: np.ndarray, y: np.ndarray, groups: np.ndarray, decay: float = 1e-2, steps: int = 400) -> np.ndarray:
    """Logistic regression by gradient descent, every patient and class weighing the same: weights and bias."""
    weight = np.zeros(len(y))
    for group in np.unique(groups):
        for label in (0, 1):
            at = (groups == group) & (y == label)
            weight[at] = 1 / max(at.sum(), 1)
    weight /= weight.sum()
    x = np.concatenate([x, np.ones((len(x), 1))], 1)
    w = np.zeros(x.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-x @ w))
        w -= 2.0 * (x.T @ (weight * (p - y)) + decay * np.append(w[:-1], 0))
    return w


def area_under(score: np.ndarray, truth: np.ndarray) -> float:
    """Area under the ROC curve, ties counted half."""
    order = np.unique(score, return_inverse=True)[1]
    positive = np.bincount(order[truth == 1], minlength=order.max() + 1).astype(float)
    negative = np.bincount(order[truth == 0], minlength=order.max() + 1).astype(float)
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    args = parser.parse_args()
    runtime, _, _ = open_model(args.model)
    xs, dyes, ys, groups = [], [], [], []
    for source, mpp in SETS.items():
        folder = data_root() / "train" / source
        for row in read_index(folder):
            image, label = read_rgb(folder / row["image"]), read_label(folder / row["label"])
            image, label = rescale(image, label, mpp / 2.0)
            embedding = runtime.encode(image).embedding[0]
            rows, columns = image.shape[0] // 4, image.shape[1] // 4
            mean = np.stack([cv2.blur(c, (9, 9)) for c in embedding[:, :rows, :columns]], -1)  # 72 µm
            dye = cv2.blur(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA), (9, 9))
            share = cv2.resize((label > 0).astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
            tissue = dye.mean(2) < 225
            pick = tissue & ((share > 0.9) | (share < 0.1))
            pick[np.indices(pick.shape).sum(0) % 3 > 0] = False
            xs.append(mean[pick])
            dyes.append(dye[pick].astype(np.float64))
            ys.append((share > 0.5)[pick].astype(int))
            patient = "ocdc" if source.startswith("regions-ocdc") else Path(row["image"]).stem
            groups += [patient] * int(pick.sum())
    y, group = np.concatenate(ys), np.array(groups)
    for name, parts in (("embedding", xs), ("mean colour alone (control)", dyes)):
        x = np.concatenate(parts)
        for held in np.unique(group):
            train, test = group != held, group == held
            mean, std = x[train].mean(0), x[train].std(0) + 1e-6
            w = fit((x[train] - mean) / std, y[train], group[train])
            score = np.concatenate([(x[test] - mean) / std, np.ones((test.sum(), 1))], 1) @ w
            auc = area_under(score, y[test])
            half = 0.5 * (((score > 0) == 1)[y[test] == 1].mean() + ((score > 0) == 0)[y[test] == 0].mean())
            found = {"features": name, "held_out": str(held), "places": int(test.sum()), "auc": round(auc, 3)}
            print(json.dumps({**found, "balanced_accuracy": round(float(half), 3)}))


if __name__ == "__main__":
    main()
