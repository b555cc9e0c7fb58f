"""Checks every polygon of GeoJSON files with GEOS: valid as written, and valid, whole and not
empty after its coordinates are snapped to 0.01, as QuPath does on import.

    pip install shapely
    python3 check-with-shapely.py FILE.geojson[.gz] ...

Prints one JSON object; exit status 1 when a polygon fails.
"""

import gzip
import json
import sys

import shapely
from shapely.geometry import shape


def geometries(value):
    if isinstance(value, list):
        for item in value:
            yield from geometries(item)
    elif "features" in value:
        yield from geometries(value["features"])
    elif value.get("type") == "Feature":
        yield value.get("id"), value["geometry"]
    else:
        yield None, value


def same_after_snapping(polygon):
    """Whether GEOS, which mends what it snaps, finds nothing to mend."""
    try:
        snapped = shapely.set_precision(polygon, 0.01)
    except shapely.GEOSException:
        return False
    kept = abs(snapped.area - polygon.area) <= 0.01 * polygon.length
    return snapped.geom_type == polygon.geom_type and not snapped.is_empty and kept


def check(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as file:
        items = [(i, g) for i, g in geometries(json.load(file)) if g["type"].endswith("Polygon")]
    result = {"path": path, "polygons": len(items), "invalid": [], "invalidAfterRounding": []}
    for name, geometry in items:
        polygon = shape(geometry)
        if not polygon.is_valid:
            result["invalid"].append([name, shapely.is_valid_reason(polygon)])
        # pointwise moves the coordinates and mends nothing: what breaks, shows.
        moved = shapely.set_precision(polygon, 0.01, mode="pointwise")
        if not moved.is_valid or not same_after_snapping(polygon):
            result["invalidAfterRounding"].append([name, shapely.is_valid_reason(moved)])
    return result


if __name__ == "__main__":
    results = [check(path) for path in sys.argv[1:]]
    bad = sum(len(r["invalid"]) + len(r["invalidAfterRounding"]) for r in results)
    json.dump({"geos": shapely.geos_version_string, "files": results}, sys.stdout)
    sys.exit(1 if bad else 0)
