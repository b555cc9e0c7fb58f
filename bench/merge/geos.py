"""GEOS through shapely: STRtree, components of polygons that share area, unary_union of each."""

import os
import sys
import time

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "reading"))
from jobs import serve  # noqa: E402

CHUNK = 50_000


def load(folder):
    """The polygons of all patches, in chunks so that the raw coordinates are never all there at once."""
    read = lambda name, kind: np.fromfile(os.path.join(folder, name), dtype=kind)
    starts = read("ring.start.i32", "<i4").reshape(-1, 2)
    lengths = read("ring.length.u16", "<u2").astype(np.int64)
    rings = read("polygon.rings.u8", "u1").astype(np.int64)
    steps = np.memmap(os.path.join(folder, "step.i8"), dtype="i1", mode="r").reshape(-1, 2)
    ring_at = np.concatenate([[0], np.cumsum(rings)])
    point_at = np.concatenate([[0], np.cumsum(lengths)])
    polygons = np.empty(len(rings), dtype=object)
    for first in range(0, len(rings), CHUNK):
        last = min(first + CHUNK, len(rings))
        r0, r1 = ring_at[first], ring_at[last]
        p0, p1 = point_at[r0], point_at[r1]
        sizes = lengths[r0:r1]
        begin = point_at[r0:r1] - p0
        way = np.concatenate([[[0, 0]], np.cumsum(steps[p0:p1], axis=0, dtype=np.int64)[:-1]])
        points = way - np.repeat(way[begin], sizes, axis=0) + np.repeat(starts[r0:r1], sizes, axis=0)
        owner = np.repeat(np.arange(r1 - r0), sizes)
        # linearrings closes what is open.
        outlines = shapely.linearrings(points.astype(np.float64), indices=owner)
        outer = ring_at[first:last] - r0
        made = shapely.polygons(outlines[outer])
        for i in np.flatnonzero(rings[first:last] > 1):
            holes = outlines[outer[i] + 1 : outer[i] + rings[first + i]]
            made[i] = shapely.Polygon(outlines[outer[i]], list(holes))
        polygons[first:last] = made
    return polygons


def merge(polygons):
    tree = shapely.STRtree(polygons)
    a, b = tree.query(polygons, predicate="intersects")
    once = a < b
    a, b = a[once], b[once]
    # Objects that only touch are not one.
    area = ~shapely.touches(polygons[a], polygons[b])
    a, b = a[area], b[area]
    n = len(polygons)
    count, label = connected_components(coo_matrix((np.ones(len(a), bool), (a, b)), (n, n)), False)
    order = np.argsort(label, kind="stable")
    edges = np.concatenate([[0], np.cumsum(np.bincount(label, minlength=count))])
    merged = polygons[order[edges[:-1]]]
    for i in np.flatnonzero(np.diff(edges) > 1):
        merged[i] = shapely.unary_union(polygons[order[edges[i] : edges[i + 1]]])
    return merged


def equal(merged, folder):
    """How many objects have a box and an area that microtome's result has, each counted once."""
    ours = np.fromfile(os.path.join(folder, "objects.i32"), dtype="<i4").reshape(-1, 5)
    x0, y0, x1, y1 = shapely.bounds(merged).T
    theirs = np.stack([x0, y0, x1 - x0, y1 - y0, shapely.area(merged)], axis=1)
    _, in_ours = np.unique(ours.astype(float), axis=0, return_counts=True)
    both, counts = np.unique(np.concatenate([ours.astype(float), theirs]), axis=0, return_counts=True)
    return int((counts == 2).sum()) if (in_ours == 1).all() and len(both) else 0


def work(job):
    started = time.process_time()
    polygons = load(job["folder"])
    loaded = time.process_time()
    merged = merge(polygons)
    done = time.process_time()
    same = equal(merged, job["folder"])
    parts = {"load": loaded - started, "merge": done - loaded}
    return {"masks": len(polygons), "objects": len(merged), "equal": same, "parts": parts}


serve(f"shapely {shapely.__version__}, GEOS {shapely.geos_version_string}", work)
