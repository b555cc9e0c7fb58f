"""Makes goldens.json: the labels that drawn outlines must have, by two implementations of others.

Random outlines with and without holes, some of them overlapping, in level-0 px rounded to 0.01. A pixel
of the label grid has the number of the first outline that holds its centre: asked of GEOS
(shapely.contains_xy) and of scikit-image (draw.polygon2mask, holes taken off), which must agree.
Outlines that pass through a centre are drawn anew, since there is no right answer there.

    python -m venv v && v/bin/pip install numpy scikit-image shapely
    v/bin/python tests/cases/labels/make-goldens.py
"""

import json
import pathlib

import numpy as np
import shapely
import skimage
from skimage.draw import polygon2mask

HERE = pathlib.Path(__file__).parent
DOWNSAMPLE = 1.7
WIDTH, HEIGHT = 300, 200  # level-0 px
COLUMNS, ROWS = int(np.ceil(WIDTH / DOWNSAMPLE)), int(np.ceil(HEIGHT / DOWNSAMPLE))


def blob(rng, x, y, radius, points):
    angles = np.sort(rng.uniform(0, 2 * np.pi, points))
    radii = radius * rng.uniform(0.5, 1, points)
    return np.round(np.c_[x + radii * np.cos(angles), y + radii * np.sin(angles)], 2)


def draw_outline(rng, centres):
    while True:
        x, y, radius = rng.uniform(-5, WIDTH + 5), rng.uniform(-5, HEIGHT + 5), rng.uniform(3, 40)
        outer = blob(rng, x, y, radius, rng.integers(3, 30))
        holes = [blob(rng, x, y, radius / 4, 7)] if radius > 15 else []
        polygon = shapely.Polygon(outer, holes)
        if polygon.is_valid and shapely.dwithin(polygon.boundary, centres, 1e-6).sum() == 0:
            return polygon


def ring(line):
    return np.array(line.coords)[:-1]


def by_scikit_image(polygon):
    def mask(line):
        return polygon2mask((ROWS, COLUMNS), ring(line)[:, ::-1] / DOWNSAMPLE - 0.5)

    inside = mask(polygon.exterior)
    for hole in polygon.interiors:
        inside &= ~mask(hole)
    return inside


def runs(values):
    starts = np.r_[0, np.flatnonzero(np.diff(values)) + 1]
    lengths = np.diff(np.r_[starts, values.size])
    return [int(n) for pair in zip(values[starts], lengths) for n in pair]


rng = np.random.default_rng(7)
ys, xs = np.mgrid[0:ROWS, 0:COLUMNS]
cx, cy = (xs + 0.5) * DOWNSAMPLE, (ys + 0.5) * DOWNSAMPLE
centres = shapely.points(cx, cy)
labels = np.zeros((ROWS, COLUMNS), int)
polygons = []
for number in range(1, 41):
    polygon = draw_outline(rng, centres)
    inside = shapely.contains_xy(polygon, cx, cy)
    assert (inside == by_scikit_image(polygon)).all()
    labels[inside & (labels == 0)] = number
    polygons.append(
        {
            "outer": ring(polygon.exterior).ravel().tolist(),
            "holes": [ring(hole).ravel().tolist() for hole in polygon.interiors],
        }
    )

golden = {
    "from": f"shapely {shapely.__version__} (GEOS {shapely.geos_version_string}), scikit-image {skimage.__version__}",
    "downsample": DOWNSAMPLE,
    "slide": {"width": WIDTH, "height": HEIGHT},
    "size": {"width": COLUMNS, "height": ROWS},
    "polygons": polygons,
    "runs": runs(labels.ravel()),
}
(HERE / "goldens.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
print(len(polygons), "outlines,", np.unique(labels).size - 1, "labels seen")
