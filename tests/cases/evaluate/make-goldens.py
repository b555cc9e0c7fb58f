"""Makes goldens.json: what src/evaluate must compute, from an implementation of its own.

Straightforward numpy, one boolean mask an object, no shared code with the product; polygons by GEOS
(shapely.contains_xy at pixel centres); centroids and boxes by scikit-image.

    python -m venv v && v/bin/pip install numpy scikit-image shapely
    v/bin/python tests/cases/evaluate/make-goldens.py

With --peers DIR the same figures are also compared with public implementations kept outside the
project: DIR/stardist/matching.py (StarDist 0.9.2: F1, precision, recall, PQ) and
DIR/stats_utils.py (HoVer-Net, metrics/: AJI as MoNuSeg distributes it, PQ).
"""

import argparse
import json
import pathlib
import sys
import types

import numpy as np
import shapely
import skimage
from scipy.spatial import cKDTree
from skimage.draw import ellipse
from skimage.measure import regionprops

HERE = pathlib.Path(__file__).parent
THRESHOLDS = [0.5, 0.6, 0.7, 0.8, 0.9]


# ---------------------------------------------------------------- the figures


def objects(image):
    """Masks of the objects, in the order of their first pixel."""
    labels, first = np.unique(image, return_index=True)
    return [image == label for _, label in sorted(zip(first, labels)) if label != 0]


def or_one(part, whole):
    return 1.0 if whole == 0 else part / whole


def sums(pred, truth):
    p, t = objects(pred), objects(truth)
    inter = np.array([[np.count_nonzero(a & b) for b in p] for a in t], float).reshape(len(t), len(p))
    pa = np.array([m.sum() for m in p], float)
    ta = np.array([m.sum() for m in t], float)
    iou = inter / (ta[:, None] + pa[None, :] - inter) if inter.size else inter
    s = dict(p=len(p), t=len(t), iou=iou)
    s["pp"], s["tp"] = np.count_nonzero(pred), np.count_nonzero(truth)
    s["cc"] = np.count_nonzero((pred > 0) & (truth > 0))
    # Kumar 2017: every truth takes its best prediction, used or not.
    common, union, used = 0.0, 0.0, set()
    for i in range(len(t)):
        j = int(np.argmax(iou[i])) if len(p) else 0
        if not len(p) or iou[i, j] == 0:
            union += ta[i]
            continue
        common += inter[i, j]
        union += ta[i] + pa[j] - inter[i, j]
        used.add(j)
    union += sum(pa[j] for j in range(len(p)) if j not in used)
    s["ajic"], s["ajiu"] = common, union
    # GlaS object Dice.
    dice = 2 * inter / (ta[:, None] + pa[None, :]) if inter.size else inter

    def side(inter, dice, areas):
        total = 0.0
        for row, d, area in zip(inter, dice, areas):
            if len(row) and row.max() > 0:
                total += area * d[row == row.max()].max()
        return total

    s["ta"], s["tda"] = ta.sum(), side(inter, dice, ta)
    s["pa"], s["pda"] = pa.sum(), side(inter.T, dice.T, pa)
    s["hits"] = {th: int(np.count_nonzero(iou > th)) for th in THRESHOLDS}
    s["iousum"] = float(iou[iou > 0.5].sum()) if iou.size else 0.0
    return s


def figures(s):
    tp = s["hits"][0.5]
    rq = or_one(2 * tp, s["p"] + s["t"])
    sq = s["iousum"] / tp if tp else (1.0 if s["p"] + s["t"] == 0 else 0.0)
    one_empty = (s["p"] == 0) != (s["t"] == 0)
    return dict(
        dice=or_one(2 * s["cc"], s["pp"] + s["tp"]),
        iou=or_one(s["cc"], s["pp"] + s["tp"] - s["cc"]),
        aji=or_one(s["ajic"], s["ajiu"]),
        pq=sq * rq,
        sq=sq,
        rq=rq,
        f1=rq,
        precision=tp / s["p"] if s["p"] else (1.0 if s["t"] == 0 else 0.0),
        recall=tp / s["t"] if s["t"] else (1.0 if s["p"] == 0 else 0.0),
        objectDice=0.0
        if one_empty
        else (or_one(s["tda"], s["ta"]) + or_one(s["pda"], s["pa"])) / 2,
    )


def add(all_sums):
    keys = ["p", "t", "pp", "tp", "cc", "ajic", "ajiu", "ta", "tda", "pa", "pda", "iousum"]
    total = {k: sum(s[k] for s in all_sums) for k in keys}
    total["hits"] = {th: sum(s["hits"][th] for s in all_sums) for th in THRESHOLDS}
    return total


# ---------------------------------------------------------------- the images


def cells(rng, w, h, n, radius):
    """Blobs in a Voronoi diagram: crowded, touching, never overlapping."""
    centres = rng.uniform([0, 0], [h, w], (n, 2))
    yy, xx = np.mgrid[:h, :w]
    points = np.column_stack([yy.ravel(), xx.ravel()])
    distance, nearest = cKDTree(centres).query(points)
    limit = rng.uniform(radius * 0.5, radius, n)[nearest]
    return np.where(distance < limit, nearest + 1, 0).reshape(h, w)


def disturbed(rng, truth):
    """A prediction with shifts, losses, merges, splits and inventions."""
    out = np.zeros_like(truth)
    number = 0
    for mask in objects(truth):
        kind = rng.choice(["shift", "keep", "lose", "split", "merge", "grow"])
        if kind == "lose":
            continue
        if kind == "shift":
            mask = np.roll(mask, tuple(rng.integers(-3, 4, 2)), (0, 1))
        if kind == "grow":
            mask = mask | np.roll(mask, 1, 0) | np.roll(mask, 1, 1) | np.roll(mask, -1, 1)
        if kind != "merge" or number == 0:
            number += 1
        out[mask & (out == 0)] = number
        if kind == "split":
            number += 1
            columns = np.nonzero(mask.any(0))[0]
            right = mask.copy()
            right[:, : int(np.median(columns)) + 1] = False
            out[right] = number
    h, w = truth.shape
    for _ in range(3):
        number += 1
        y, x = rng.integers(0, h - 5), rng.integers(0, w - 5)
        patch = out[y : y + 5, x : x + 5]
        patch[patch == 0] = number
    return out


def scattered(rng, image):
    """The same objects under far-apart 16-bit numbers."""
    numbers = np.concatenate([[0], rng.permutation(np.arange(1, 65536))[: image.max()]])
    return numbers[image]


def runs(image):
    flat = image.ravel()
    edges = np.concatenate([[0], np.nonzero(np.diff(flat))[0] + 1, [flat.size]])
    return [int(v) for i in range(len(edges) - 1) for v in (flat[edges[i]], edges[i + 1] - edges[i])]


def pairs():
    for seed in range(8):
        rng = np.random.default_rng(seed)
        w, h = (int(v) for v in rng.integers(40, 97, 2))
        truth = cells(rng, w, h, int(rng.integers(8, 40)), float(rng.uniform(5, 14)))
        yield f"cells {seed}", disturbed(rng, truth), truth
    for seed in range(8, 11):
        rng = np.random.default_rng(seed)
        truth = cells(rng, 64, 48, 30, 9.0)
        yield f"far-apart numbers {seed}", scattered(rng, disturbed(rng, truth)), scattered(rng, truth)
    rng = np.random.default_rng(11)
    yield "noise", rng.integers(0, 5, (31, 37)), rng.integers(0, 7, (31, 37))
    a = cells(np.random.default_rng(12), 50, 40, 20, 8.0)
    yield "unrelated", a, cells(np.random.default_rng(13), 50, 40, 25, 8.0)
    yield "identical", a, a
    zero = np.zeros((20, 30), int)
    yield "both empty", zero, zero
    yield "nothing predicted", zero, a[:20, :30]
    yield "nothing true", a[:20, :30], zero
    # One prediction over three true objects: AJI takes it three times.
    truth = np.zeros((12, 32), int)
    pred = np.zeros_like(truth)
    for k in range(3):
        truth[2:10, 1 + 10 * k : 10 + 10 * k] = k + 1
    pred[1:11, 0:31] = 9
    yield "one prediction reused", pred, truth
    # IoU exactly one half is no match.
    truth, pred = np.zeros((6, 12), int), np.zeros((6, 12), int)
    truth[1:3, 0:6], pred[1:3, 2:8] = 1, 1
    yield "IoU exactly a half", pred, truth


def polygons():
    """Stars with holes on a lattice that no pixel centre lies on, drawn by GEOS."""
    out = []
    for seed in range(6):
        rng = np.random.default_rng(100 + seed)
        n = int(rng.integers(5, 14))
        angle = np.sort(rng.uniform(0, 2 * np.pi, n))
        reach = rng.uniform(8, 18, n)
        centre = rng.uniform(18, 30, 2)

        def ring(scale):
            xy = centre + scale * reach[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
            return np.round(xy, 2) + 0.003

        outer, hole = ring(1.0), ring(0.4)
        polygon = shapely.Polygon(outer, [hole])
        if not polygon.is_valid:
            polygon = shapely.Polygon(outer)
            hole = np.zeros((0, 2))
        yy, xx = np.mgrid[:48, :48]
        drawn = shapely.contains_xy(polygon, xx.ravel() + 0.5, yy.ravel() + 0.5).reshape(48, 48)
        out.append(dict(outer=outer.ravel().tolist(), hole=hole.ravel().tolist(), runs=runs(drawn.astype(int))))
    return out


def prompted(truth):
    """Targets and blind controls of one label image (objects kept convex: centroids lie inside)."""
    props = sorted(regionprops(truth), key=lambda r: np.flatnonzero((truth == r.label).ravel())[0])
    targets = []
    for r in props:
        y0, x0, y1, x1 = r.bbox
        cy, cx = r.centroid
        inside = truth[int(np.floor(cy + 0.5)), int(np.floor(cx + 0.5))] == r.label
        assert inside, r.label
        targets.append(dict(label=int(r.label), area=int(r.area), box=[x0, y0, x1 - x0, y1 - y0], centroid=[cx + 0.5, cy + 0.5]))
    radius = float(np.median([np.sqrt(t["area"] / np.pi) for t in targets]))
    yy, xx = np.mgrid[: truth.shape[0], : truth.shape[1]]

    def score(masks):
        one = [2 * np.count_nonzero(m & (truth == t["label"])) / (m.sum() + t["area"]) for m, t in zip(masks, targets)]
        union = np.logical_or.reduce(masks)
        both = np.count_nonzero(union & (truth > 0))
        return [float(np.mean(one)), 2 * both / (union.sum() + np.count_nonzero(truth))]

    def disc(r):
        return [np.hypot(xx + 0.5 - t["centroid"][0], yy + 0.5 - t["centroid"][1]) <= r for t in targets]

    def ellipses():
        out = []
        for t in targets:
            x, y, w, h = t["box"]
            mask = np.zeros(truth.shape, bool)
            # skimage's ellipse is open (< 1); a hair more takes in centres exactly on it.
            rr, cc = ellipse(y + h / 2 - 0.5, x + w / 2 - 0.5, h / 2 * (1 + 1e-9), w / 2 * (1 + 1e-9), shape=truth.shape)
            mask[rr, cc] = True
            out.append(mask)
        return out

    return dict(
        truth=runs(truth), width=truth.shape[1], height=truth.shape[0], targets=targets, medianRadius=radius,
        discMedian=score(disc(radius)), discFixed=score(disc(10)), ellipse=score(ellipses()),
    )


# ---------------------------------------------------------------- peers


def peers(folder):
    sys.path.insert(0, folder)
    for name in ("csbdeep", "csbdeep.utils", "cv2", "matplotlib", "matplotlib.pyplot"):
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["csbdeep.utils"]._raise = lambda e: (_ for _ in ()).throw(e)
    import importlib.util

    def load(path, name):
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    stardist = load(f"{folder}/stardist/matching.py", "sd_matching")
    hover = load(f"{folder}/stats_utils.py", "stats_utils")
    worst = {}
    for name, pred, truth in pairs():
        if pred.max() == 0 or truth.max() == 0 or name == "IoU exactly a half":
            continue
        mine = figures(sums(pred, truth))
        p, t = hover.remap_label(pred.copy()), hover.remap_label(truth.copy())
        # StarDist (in float32) counts IoU = thresh as a match; Kirillov et al. and we do not.
        theirs = stardist.matching(t, p, thresh=0.5 + 1e-6)
        _, _, pq = hover.get_fast_pq(t, p)[0]
        for key, value in [
            ("f1 stardist", theirs.f1 - mine["f1"]), ("precision stardist", theirs.precision - mine["precision"]),
            ("recall stardist", theirs.recall - mine["recall"]), ("pq stardist", theirs.panoptic_quality - mine["pq"]),
            ("aji hovernet", hover.get_fast_aji(t, p) - mine["aji"]), ("pq hovernet", pq - mine["pq"]),
        ]:
            if abs(value) > 1e-6:
                print(f"{name}: {key} differs by {value:.3g}")
            worst[key] = max(worst.get(key, 0), abs(float(value)))
    print("greatest differences:", worst)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers")
    options = parser.parse_args()
    if options.peers:
        peers(options.peers)
        return
    cases, all_sums = [], []
    for name, pred, truth in pairs():
        s = sums(pred, truth)
        all_sums.append(s)
        cases.append(dict(
            name=name, width=pred.shape[1], height=pred.shape[0], pred=runs(pred), truth=runs(truth),
            expected=figures(s), f1At=[or_one(2 * s["hits"][th], s["p"] + s["t"]) for th in THRESHOLDS],
        ))
    mean = {k: float(np.mean([c["expected"][k] for c in cases])) for k in cases[0]["expected"]}
    golden = dict(
        madeBy=f"make-goldens.py, numpy {np.__version__}, scikit-image {skimage.__version__}, shapely {shapely.__version__}",
        thresholds=THRESHOLDS, cases=cases, mean=mean, pooled=figures(add(all_sums)), polygons=polygons(),
        prompted=prompted(cells(np.random.default_rng(21), 90, 70, 18, 11.0)),
    )
    (HERE / "goldens.json").write_text(json.dumps(golden) + "\n")


main()
