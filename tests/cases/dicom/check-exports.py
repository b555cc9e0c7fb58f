"""Compares a run's DICOM files with its GeoJSON, by highdicom, shapely (GEOS) and numpy.

    microtome export RUN --format geojson --out a.geojson
    microtome export RUN --format dicom-seg --mpp slide --out seg.dcm
    microtome export RUN --format dicom-ann --out ann.dcm
    python -m venv v && v/bin/pip install highdicom shapely
    v/bin/python tests/cases/dicom/check-exports.py a.geojson seg.dcm ann.dcm

Annotations: the outer ring, area and class of every object, in the file's order. Segmentation (of level 0):
every pixel has the class of the first object that GEOS says holds its centre; pixels whose centre lies
on an outline may be of either side. Exit status 1 where something differs.
"""

import json
import sys

import highdicom
import numpy as np
import shapely

geojson, seg_path, ann_path = sys.argv[1:]
objects = json.load(open(geojson))["features"]
names = [o["properties"]["classification"]["name"] for o in objects]
faults = 0


def fault(text):
    global faults
    faults += 1
    print(text)


annotations = highdicom.ann.annread(ann_path)
groups = annotations.get_annotation_groups()
if sum(g.number_of_annotations for g in groups) != len(objects):
    fault("annotations: another number of objects")
for group in groups:
    wanted = [o for o, name in zip(objects, names) if name == group.label]
    outlines = group.get_graphic_data("2D")
    area = group.get_measurements()[1][:, 0]
    for i, (object_, outline) in enumerate(zip(wanted, outlines, strict=True)):
        ring = np.array(object_["geometry"]["coordinates"][0][:-1])
        if not np.array_equal(np.round(outline.astype(float), 2), ring):
            fault(f"annotations: outline {i} of {group.label}")
        if abs(area[i] - object_["properties"]["measurements"]["Area µm^2"]) > 1e-3:
            fault(f"annotations: area {i} of {group.label}")

segmentation = highdicom.seg.segread(seg_path)
labels = {segmentation.get_segment_description(n).segment_label: n for n in segmentation.segment_numbers}
found = segmentation.get_total_pixel_matrix(combine_segments=True)
height, width = found.shape
expected = np.zeros((height, width), int)
edge = np.zeros((height, width), bool)
for object_, name in zip(objects, names):
    polygon = shapely.geometry.shape(object_["geometry"])
    x0, y0, x1, y1 = (int(v) for v in np.clip(polygon.bounds, 0, [width, height] * 2))
    ys, xs = np.mgrid[y0 : min(height, y1 + 1), x0 : min(width, x1 + 1)]
    window = np.s_[y0 : min(height, y1 + 1), x0 : min(width, x1 + 1)]
    inside = shapely.contains_xy(polygon, xs + 0.5, ys + 0.5)
    expected[window] = np.where(inside & (expected[window] == 0), labels[name], expected[window])
    edge[window] |= shapely.dwithin(polygon.boundary, shapely.points(xs + 0.5, ys + 0.5), 1e-9)
wrong = int(((found != expected) & ~edge).sum())
if wrong:
    fault(f"segmentation: {wrong} pixels")
print(len(objects), "objects;", int((expected > 0).sum()), "pixels,", int(edge.sum()), "on an outline")
print("differs" if faults else "equal")
sys.exit(1 if faults else 0)
