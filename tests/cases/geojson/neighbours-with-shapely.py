"""Measures with GEOS how far the objects of GeoJSON files overlap each other.

    pip install shapely
    python3 neighbours-with-shapely.py FILE.geojson ...

Prints one JSON object over all files: objects, pairs of objects that meet, overlapping pairs, the
overlaps' share of the objects' area, the largest overlap (px²) and the widest (px: the diameter of
the largest circle that fits into one, to 0.01).
"""

import json
import sys

import shapely
from shapely.geometry import shape


def width(geometry):
    """Diameter of the largest circle inside, by halving."""
    low, high = 0.0, 4.0
    while high - low > 0.005:
        middle = (low + high) / 2
        if geometry.buffer(-middle).is_empty:
            high = middle
        else:
            low = middle
    return 2 * high


def main(paths):
    objects, pairs, overlapping, area, shared, largest, widest = 0, 0, 0, 0.0, 0.0, 0.0, 0.0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            polygons = [shape(f["geometry"]) for f in json.load(file)["features"]]
        objects += len(polygons)
        area += sum(p.area for p in polygons)
        tree = shapely.STRtree(polygons)
        for a, b in zip(*tree.query(polygons, predicate="dwithin", distance=1.0)):
            if a >= b:
                continue
            pairs += 1
            overlap = polygons[a].intersection(polygons[b])
            if overlap.area <= 0:
                continue
            overlapping += 1
            shared += overlap.area
            largest = max(largest, overlap.area)
            widest = max(widest, width(overlap))
    result = {
        "objects": objects,
        "pairs": pairs,
        "overlapping": overlapping,
        "overlapShare": shared / area,
        "largestOverlap": largest,
        "widestOverlap": widest,
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
