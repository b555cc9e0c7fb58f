"""Makes the tiny ONNX graphs beside this file: one model of each contract, whose right answer is known.

    python -m venv venv && venv/bin/pip install onnx==1.21.0 numpy
    venv/bin/python make-models.py

window    features: (100 - red) / 16 and green / 255, averaged over 2x2 px; objectness: blue / 255; foreground, where
          there is one: the logit's sigmoid.
          A window is those logits round the prompt; with a box, cells outside it are -10.
          The predicted IoU is green under the prompt.
sam-meta  masks are discs round the points labelled 1 (radius 40, 20, 60, 120 px of 1024) united, cut to the box
          where there is one; round each point labelled 0 a hole of 16 px. A box alone is answered by itself.
          Without a padding point or a box every logit is -100, as a reminder of the trap. An earlier mask is
          added to the logits where has_mask_input is 1.
          Predicted IoU of mask m: BASE[m] + 0.01 * the embedding's red under the first point or corner.
sam-hf    masks are discs of 20, 60, 120; points as above; predicted IoU as above (masks 1 to 3).
edge-sam  as sam-meta, scores first, no mask input; without a padding point or a box every logit is -100.
efficient-sam  as sam-hf, in the frame of `orig_im_size`; a padding point, which the real graph adds
          itself, makes every logit -100. The encoder takes any size.
sam2      as sam-hf, with boxes and earlier masks; a padding point makes every logit -100; a prompt axis other than 1 fails, as in the real graph.
sam2-hf   as sam-hf, with boxes as an input of their own; one of the two kinds may be empty.

Points and boxes: `answer_of` is the one statement of what every SAM-like graph here answers.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

HERE = Path(__file__).parent
RADII = np.array([40, 20, 60, 120], np.float32)
BASE = np.array([0.5, 0.9, 0.95, 0.7], np.float32)
CELLS = 16  # of the window model


class Graph:
    """Collects nodes and constants; every method that makes a value returns its name."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], [], 0

    def const(self, value, dtype=np.float32):
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def op(self, kind, *inputs, out=None, **attributes):
        self.count += 1
        name = out or f"v{self.count}"
        self.nodes.append(h.make_node(kind, list(inputs), [name], **attributes))
        return name

    def save(self, path, inputs, outputs):
        graph = h.make_graph(
            self.nodes,
            "g",
            [h.make_tensor_value_info(n, t, s) for n, t, s in inputs],
            [h.make_tensor_value_info(n, t, s) for n, t, s in outputs],
            self.constants,
        )
        model = h.make_model(graph, opset_imports=[h.make_opsetid("", 18)], ir_version=9)
        onnx.checker.check_model(model)
        onnx.save(model, HERE / path)


def window_encoder(path="window-encoder.onnx", objectness=True, foreground=False, image_type=T.UINT8):
    g = Graph()
    image = g.op("Transpose", g.op("Cast", "image", to=T.FLOAT), perm=[0, 3, 1, 2])
    g.op("AveragePool", image, out="embedding", kernel_shape=[4, 4], strides=[4, 4])
    half = g.op("AveragePool", image, kernel_shape=[2, 2], strides=[2, 2])
    red, green, blue = (
        g.op("Slice", half, g.const([i], np.int64), g.const([i + 1], np.int64), g.const([1], np.int64))
        for i in range(3)
    )
    logit = g.op("Div", g.op("Sub", g.const(100.0), red), g.const(16.0))
    g.op("Concat", logit, g.op("Div", green, g.const(255.0)), out="features", axis=1)
    outputs = [
        ("features", T.FLOAT, [1, 2, "H2", "W2"]),
        ("embedding", T.FLOAT, [1, 3, "H4", "W4"]),
    ]
    if objectness:
        g.op("Div", blue, g.const(255.0), out="objectness")
        outputs.append(("objectness", T.FLOAT, [1, 1, "H2", "W2"]))
    if foreground:
        g.op("Sigmoid", logit, out="foreground")
        outputs.append(("foreground", T.FLOAT, [1, 1, "H2", "W2"]))
    g.save(path, [("image", image_type, [1, "H", "W", 3])], outputs)


def window_decoder(path="window-decoder.onnx", drop=None, points_type=T.FLOAT, reverse=False, flat_iou=False):
    g = Graph()
    n, s = CELLS, 2
    points = g.op("Cast", "points", to=T.FLOAT) if points_type != T.FLOAT else "points"
    # Origin in cells: the prompt's cell less half a window, on even cells.
    cell = g.op("Floor", g.op("Div", points, g.const(float(s))))  # [P,2] x, y
    first = g.op("Mul", g.op("Floor", g.op("Div", g.op("Sub", cell, g.const(n / 2)), g.const(2.0))), g.const(2.0))
    g.op("Mul", first, g.const(float(s)), out="origins")
    first = g.op("Cast", first, to=T.INT64)
    steps = g.const(np.arange(n), np.int64)
    axis1, zero = g.const([1], np.int64), g.const([0], np.int64)
    fx, fy = (g.op("Gather", first, g.const(i, np.int64), axis=1) for i in (0, 1))
    cols = g.op("Add", g.op("Unsqueeze", fx, axis1), steps)  # [P,N]
    rows = g.op("Add", g.op("Unsqueeze", fy, axis1), steps)
    shape = g.op("Shape", "features")
    height, width = (g.op("Gather", shape, g.const(i, np.int64), axis=0) for i in (2, 3))
    one = g.const(1, np.int64)

    def inside(values, limit):
        low = g.op("GreaterOrEqual", values, g.const(0, np.int64))
        return g.op("And", low, g.op("Less", values, limit))

    def clamp(values, limit):
        return g.op("Max", g.op("Min", values, g.op("Sub", limit, one)), g.const(0, np.int64))

    axis2 = g.const([2], np.int64)
    flat = g.op("Reshape", "features", g.const([2, -1], np.int64))
    index = g.op(
        "Add",
        g.op("Unsqueeze", g.op("Mul", clamp(rows, height), width), axis2),
        g.op("Unsqueeze", clamp(cols, width), axis1),
    )  # [P,N,N]
    logits = g.op("Gather", g.op("Gather", flat, g.const(0, np.int64), axis=0), index, axis=0)
    good = g.op(
        "And", g.op("Unsqueeze", inside(rows, height), axis2), g.op("Unsqueeze", inside(cols, width), axis1)
    )
    # With a box: the cell's centre lies inside it.
    if drop != "has_box":
        cx, cy = (
            g.op("Mul", g.op("Add", g.op("Cast", v, to=T.FLOAT), g.const(0.5)), g.const(float(s)))
            for v in (cols, rows)
        )
        x0, y0, x1, y1 = (g.op("Gather", "boxes", g.const([i], np.int64), axis=1) for i in range(4))
        in_x = g.op("And", g.op("Greater", cx, x0), g.op("Less", cx, x1))
        in_y = g.op("And", g.op("Greater", cy, y0), g.op("Less", cy, y1))
        in_box = g.op("And", g.op("Unsqueeze", in_y, axis2), g.op("Unsqueeze", in_x, axis1))
        free = g.op("Less", "has_box", g.const(0.5))
        free = g.op("Unsqueeze", free, g.const([1, 2], np.int64))
        good = g.op("And", good, g.op("Or", in_box, free))
    logits = g.op("Where", good, logits, g.const(-10.0))
    g.op("Unsqueeze", logits, axis1, out="windows")
    px, py = (g.op("Cast", g.op("Gather", cell, g.const(i, np.int64), axis=1), to=T.INT64) for i in (0, 1))
    at = g.op("Add", g.op("Mul", clamp(py, height), width), clamp(px, width))
    green = g.op("Gather", g.op("Gather", flat, g.const(1, np.int64), axis=0), at, axis=0)
    if flat_iou:
        g.op("Identity", green, out="iou_predictions")
    else:
        g.op("Unsqueeze", green, axis1, out="iou_predictions")
    inputs = [
        ("embedding", T.FLOAT, [1, 3, "H4", "W4"]),
        ("features", T.FLOAT, [1, 2, "H2", "W2"]),
        ("points", points_type, ["P", 2]),
        ("boxes", T.FLOAT, ["P", 4]),
        ("has_box", T.FLOAT, ["P"]),
    ]
    outputs = [
        ("windows", T.FLOAT, ["P", 1, n, n]),
        ("origins", T.FLOAT, ["P", 2]),
        ("iou_predictions", T.FLOAT, ["P"] if flat_iou else ["P", 1]),
    ]
    inputs = [i for i in inputs if i[0] != drop]
    if reverse:
        inputs, outputs = inputs[::-1], outputs[::-1]
    g.save(path, inputs, outputs)


def sam_meta_encoder(path="sam-meta-encoder.onnx", inside=False):
    """The embedding is the normalised image averaged over 16x16; ``inside``: normalises and pads itself."""
    g = Graph()
    if inside:
        mean = g.const([123.675, 116.28, 103.53])
        std = g.const([58.395, 57.12, 57.375])
        x = g.op("Div", g.op("Sub", "input_image", mean), std)
        size = g.op("Slice", g.op("Shape", x), g.const([0], np.int64), g.const([2], np.int64))
        rest = g.op("Sub", g.const([1024, 1024], np.int64), size)
        pads = g.op("Concat", g.const([0, 0, 0], np.int64), rest, g.const([0], np.int64), axis=0)
        x = g.op("Unsqueeze", g.op("Transpose", g.op("Pad", x, pads), perm=[2, 0, 1]), g.const([0], np.int64))
        shape = ["H", "W", 3]
    else:
        x, shape = "input_image", [1, 3, 1024, 1024]
    g.op("AveragePool", x, out="image_embeddings", kernel_shape=[16, 16], strides=[16, 16])
    g.save(path, [("input_image", T.FLOAT, shape)], [("image_embeddings", T.FLOAT, [1, 3, 64, 64])])


def discs(g, x, y, radii, rank):
    """Logits (radius - distance) / 4 on the 256 grid; x, y of shape [..., 1, 1, 1] given by the caller."""
    centre = (np.arange(256, dtype=np.float32) + 0.5) * 4
    dx = g.op("Sub", g.const(centre.reshape([1] * (rank - 1) + [256])), x)
    dy = g.op("Sub", g.const(centre.reshape([1] * (rank - 2) + [256, 1])), y)
    distance = g.op("Sqrt", g.op("Add", g.op("Mul", dx, dx), g.op("Mul", dy, dy)))
    radius = g.const(radii.reshape([1] * (rank - 3) + [len(radii), 1, 1]))
    return g.op("Div", g.op("Sub", radius, distance), g.const(4.0))


def red_under(g, x, y, embedding="image_embeddings"):
    """The embedding's red in the cell under (x, y) in 1024-space, any shape."""
    cells = []
    for v in (x, y):
        cell = g.op("Floor", g.op("Div", v, g.const(16.0)))
        cells.append(g.op("Cast", g.op("Clip", cell, g.const(0.0), g.const(63.0)), to=T.INT64))
    at = g.op("Add", g.op("Mul", cells[1], g.const(64, np.int64)), cells[0])
    flat = g.op("Reshape", embedding, g.const([-1], np.int64))
    return g.op("Gather", flat, at, axis=0)


def sam_meta_decoder(path="sam-meta-decoder.onnx", batch=1, single=False, scores_first=False):
    g = Graph()
    radii, base = (RADII[:1], BASE[:1]) if single else (RADII, BASE)
    logits, px, py = answer_of(g, "point_coords", "point_labels", radii, "wanted")
    g.op("Add", logits, g.op("Mul", "mask_input", "has_mask_input"), out="low_res_masks")
    red = g.op("Unsqueeze", red_under(g, px, py), g.const([1], np.int64))
    g.op("Add", g.const(base.reshape(1, -1)), g.op("Mul", red, g.const(0.01)), out="iou_predictions")
    # `masks` with a wrong aspect, as some exports have it: whoever reads it fails.
    scale = g.op("Reshape", g.op("ReduceSum", "orig_im_size", keepdims=0), g.const([1, 1, 1, 1], np.int64))
    part = g.op("Slice", "low_res_masks", g.const([0], np.int64), g.const([171], np.int64), g.const([2], np.int64))
    g.op("Sub", part, scale, out="masks")
    m = len(radii)
    inputs = [
        ("image_embeddings", T.FLOAT, [1, 3, 64, 64]),
        ("point_coords", T.FLOAT, [batch, "N", 2]),
        ("point_labels", T.FLOAT, [batch, "N"]),
        ("mask_input", T.FLOAT, [1, 1, 256, 256]),
        ("has_mask_input", T.FLOAT, [1]),
        ("orig_im_size", T.FLOAT, [2]),
    ]
    outputs = [
        ("masks", T.FLOAT, [batch, m, "H", "W"]),
        ("iou_predictions", T.FLOAT, [batch, m]),
        ("low_res_masks", T.FLOAT, [batch, m, 256, 256]),
    ]
    if scores_first:
        inputs, outputs = inputs[::-1], [outputs[1], outputs[2], outputs[0]]
    g.save(path, inputs, outputs)


HOLE = 16.0  # radius of what a background point takes away, px of 1024


def answer_of(g, coords, labels, radii, padding):
    """Logits [P,M,256,256] for points [P,N,2] with labels [P,N] as SAM's, a box being its corners (2 and 3).

    ``padding`` "wanted": points without a box and without a label -1 beside them give -100; "refused": any
    label -1 does; "inside": the graph's own business. Also gives x and y [P] of each prompt's first point.
    """
    axis1, no = g.const([1], np.int64), g.const(-100.0)
    lift3, lift4 = g.const([1, 2, 3], np.int64), g.const([2, 3, 4], np.int64)

    def marked(label):
        return g.op("Equal", labels, g.const(label))  # [P,N]

    def has(label):
        count = g.op("ReduceSum", g.op("Cast", marked(label), to=T.FLOAT), axis1, keepdims=0)
        return g.op("Unsqueeze", g.op("Greater", count, g.const(0.5)), lift3)  # [P,1,1,1]

    xs, ys = (g.op("Gather", coords, g.const(i, np.int64), axis=2) for i in (0, 1))  # [P,N]
    lifted = [g.op("Unsqueeze", v, lift4) for v in (xs, ys)]
    disc = discs(g, *lifted, radii, 5)  # [P,N,M,256,256]
    on = g.op("Unsqueeze", marked(1.0), lift4)
    points = g.op("ReduceMax", g.op("Where", on, disc, no), axis1, keepdims=0)
    hole = g.op("Neg", discs(g, *lifted, np.array([HOLE], np.float32), 5))
    beside = g.op("Unsqueeze", marked(0.0), lift4)
    holes = g.op("ReduceMin", g.op("Where", beside, hole, g.const(1e6)), axis1, keepdims=0)

    def corner(values, label):
        at = g.op("Where", marked(label), values, g.const(0.0))
        return g.op("Unsqueeze", g.op("ReduceSum", at, axis1, keepdims=0), lift3)  # [P,1,1,1]

    centre = (np.arange(256, dtype=np.float32) + 0.5) * 4
    cx, cy = g.const(centre.reshape(1, 1, 1, 256)), g.const(centre.reshape(1, 1, 256, 1))
    gap = g.op(
        "Min",
        g.op("Sub", cx, corner(xs, 2.0)),
        g.op("Sub", corner(xs, 3.0), cx),
        g.op("Sub", cy, corner(ys, 2.0)),
        g.op("Sub", corner(ys, 3.0), cy),
    )
    box = g.op("Add", g.op("Div", gap, g.const(4.0)), g.const(np.zeros((1, len(radii), 1, 1))))
    boxed, pointed, padded = g.op("And", has(2.0), has(3.0)), has(1.0), has(-1.0)
    both = g.op("Where", pointed, g.op("Min", points, box), box)
    logits = g.op("Min", g.op("Where", boxed, both, points), holes)
    if padding == "wanted":
        logits = g.op("Where", g.op("Or", boxed, padded), logits, no)
    elif padding == "refused":
        logits = g.op("Where", padded, no, logits)
    first = g.const(0, np.int64)
    return logits, g.op("Gather", xs, first, axis=1), g.op("Gather", ys, first, axis=1)


def scores(g, base, x, y, embedding="image_embeddings"):
    """Predicted IoU [P,M] of prompts at x, y [P]."""
    red = g.op("Unsqueeze", red_under(g, x, y, embedding), g.const([1], np.int64))
    return g.op("Add", g.const(base.reshape(1, -1)), g.op("Mul", red, g.const(0.01)))


def edge_sam(path="edge-sam-decoder.onnx", batch=1):
    if batch == 1:
        g = Graph()
        g.op("AveragePool", "image", out="image_embeddings", kernel_shape=[16, 16], strides=[16, 16])
        g.save(
            "edge-sam-encoder.onnx",
            [("image", T.FLOAT, [1, 3, 1024, 1024])],
            [("image_embeddings", T.FLOAT, [1, 3, 64, 64])],
        )
    g = Graph()
    logits, x, y = answer_of(g, "point_coords", "point_labels", RADII, "wanted")
    g.op("Identity", logits, out="masks")
    g.op("Identity", scores(g, BASE, x, y), out="scores")
    g.save(
        path,
        [
            ("image_embeddings", T.FLOAT, [1, 3, 64, 64]),
            ("point_coords", T.FLOAT, [batch, "N", 2]),
            ("point_labels", T.FLOAT, [batch, "N"]),
        ],
        [("scores", T.FLOAT, [batch, 4]), ("masks", T.FLOAT, [batch, 4, 256, 256])],
    )


def efficient_sam(path="efficient-sam-decoder.onnx", size_type=T.INT64):
    if size_type == T.INT64:
        g = Graph()
        x = g.op("Resize", "batched_images", "", "", g.const([1, 3, 1024, 1024], np.int64), mode="linear")
        mean, std = (g.const(np.array(v).reshape(1, 3, 1, 1)) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
        x = g.op("Div", g.op("Sub", x, mean), std)
        g.op("AveragePool", x, out="image_embeddings", kernel_shape=[16, 16], strides=[16, 16])
        g.save(
            "efficient-sam-encoder.onnx",
            [("batched_images", T.FLOAT, ["batch", 3, "height", "width"])],
            [("image_embeddings", T.FLOAT, ["batch", 3, 64, 64])],
        )
    g = Graph()
    size = g.op("Cast", "orig_im_size", to=T.FLOAT)  # height, width
    flip = g.op("Gather", size, g.const([1, 0], np.int64), axis=0)
    coords = g.op("Div", g.op("Mul", "batched_point_coords", g.const(1024.0)), flip)
    coords = g.op("Squeeze", coords, g.const([1], np.int64))
    labels = g.op("Squeeze", "batched_point_labels", g.const([1], np.int64))
    logits, x, y = answer_of(g, coords, labels, RADII[1:], "refused")
    sizes = g.op("Concat", g.const([1, 3], np.int64), g.op("Cast", "orig_im_size", to=T.INT64), axis=0)
    big = g.op("Resize", logits, "", "", sizes, mode="linear")
    lift = g.const([1], np.int64)
    g.op("Unsqueeze", big, lift, out="output_masks")
    g.op("Unsqueeze", scores(g, BASE[1:], x, y), lift, out="iou_predictions")
    g.op("Unsqueeze", logits, lift, out="low_res")
    g.save(
        path,
        [
            ("image_embeddings", T.FLOAT, ["batch", 3, 64, 64]),
            ("batched_point_coords", T.FLOAT, [1, 1, "num_points", 2]),
            ("batched_point_labels", T.FLOAT, [1, 1, "num_points"]),
            ("orig_im_size", size_type, [2]),
        ],
        [
            ("output_masks", T.FLOAT, [1, 1, 3, "h", "w"]),
            ("iou_predictions", T.FLOAT, [1, 1, 3]),
            ("low_res", T.FLOAT, [1, 1, 3, 256, 256]),
        ],
    )


SAM2_FEATURES = [
    ("high_res_feats_0", T.FLOAT, [1, 3, 256, 256]),
    ("high_res_feats_1", T.FLOAT, [1, 3, 128, 128]),
    ("image_embed", T.FLOAT, [1, 3, 64, 64]),
]


def pyramid(g, image, names):
    for name, pool in zip(names, (4, 8, 16), strict=True):
        g.op("AveragePool", image, out=name, kernel_shape=[pool, pool], strides=[pool, pool])


def sam2(path="sam2-decoder.onnx", drop=None):
    if drop is None:
        g = Graph()
        pyramid(g, "image", [n for n, _, _ in SAM2_FEATURES])
        g.save("sam2-encoder.onnx", [("image", T.FLOAT, [1, 3, 1024, 1024])], SAM2_FEATURES)
    g = Graph()
    logits, x, y = answer_of(g, "point_coords", "point_labels", RADII[1:], "refused")
    # Every feature must be fed, and a prompt axis other than 1 (or 64) fails in this product.
    idle = g.op("ReduceMax", g.op("Mul", "has_mask_input", g.op("Mul", "image_embed", g.const(0.0))), keepdims=1)
    if drop is None:
        idle = g.op("Add", idle, g.op("Mul", g.op("ReduceMax", "high_res_feats_0", keepdims=1), g.const(0.0)))
    idle = g.op("Add", idle, g.op("Mul", g.op("ReduceMax", "high_res_feats_1", keepdims=1), g.const(0.0)))
    has = g.op("Unsqueeze", "has_mask_input", g.const([1, 2, 3], np.int64))
    logits = g.op("Add", logits, g.op("Mul", "mask_input", has))
    g.op("Clip", g.op("Add", logits, idle), g.const(-32.0), g.const(32.0), out="masks")
    g.op("Identity", scores(g, BASE[1:], x, y, "image_embed"), out="iou_predictions")
    inputs = [
        *SAM2_FEATURES[::-1],
        ("point_coords", T.FLOAT, ["num_labels", "num_points", 2]),
        ("point_labels", T.FLOAT, ["num_labels", "num_points"]),
        ("mask_input", T.FLOAT, ["num_labels", 1, 256, 256]),
        ("has_mask_input", T.FLOAT, ["num_labels"]),
    ]
    g.save(
        path,
        [i for i in inputs if i[0] != drop],
        [("masks", T.FLOAT, ["num_labels", 3, 256, 256]), ("iou_predictions", T.FLOAT, ["num_labels", 3])],
    )


def sam2_hf(path="sam2-hf-decoder.onnx", boxes_rank=3):
    names = [f"image_embeddings.{i}" for i in range(3)]
    features = [(n, T.FLOAT, ["B", *s[1:]]) for n, (_, _, s) in zip(names, SAM2_FEATURES, strict=True)]
    if boxes_rank == 3:
        g = Graph()
        pyramid(g, "pixel_values", names)
        g.save("sam2-hf-encoder.onnx", [("pixel_values", T.FLOAT, ["B", 3, 1024, 1024])], features)
    g = Graph()
    two, axis0, axis1 = g.const([2], np.int64), g.const([0], np.int64), g.const([1], np.int64)
    # Prompts are as many as labels say; where there are boxes, their corners become points labelled 2 and 3.
    count = g.op("Slice", g.op("Shape", "input_labels"), axis1, two)
    number = g.op("Slice", g.op("Shape", "input_points"), two, g.const([3], np.int64))
    points = g.op("Squeeze", "input_points", axis0)
    points = g.op("Expand", points, g.op("Concat", count, number, two, axis=0))
    labels = g.op("Squeeze", g.op("Cast", "input_labels", to=T.FLOAT), axis0)
    boxes = g.op("Reshape", "input_boxes", g.const([-1, 4], np.int64), allowzero=0)
    some = g.op("Min", g.op("Slice", g.op("Shape", boxes), axis0, axis1), axis1)  # 0 or 1
    ends = g.op("Mul", some, two)
    corners = g.op("Reshape", "input_boxes", g.op("Concat", count, ends, two, axis=0), allowzero=1)
    marks = g.op("Expand", g.const([[2.0, 3.0]]), g.op("Concat", count, two, axis=0))
    marks = g.op("Slice", marks, axis0, ends, axis1)
    coords = g.op("Concat", points, corners, axis=1)
    labels = g.op("Concat", labels, marks, axis=1)
    logits, px, py = answer_of(g, coords, labels, RADII[1:], "inside")
    idle = g.const(np.zeros((1, 1, 1, 1)))
    for name in names[:2]:
        idle = g.op("Add", idle, g.op("Mul", g.op("ReduceMax", name, keepdims=1), g.const(0.0)))
    g.op("Unsqueeze", g.op("Add", logits, idle), axis0, out="pred_masks")
    g.op("Unsqueeze", scores(g, BASE[1:], px, py, names[2]), axis0, out="iou_scores")
    label = g.op("ReduceSum", labels, axis1, keepdims=1)
    inputs = [
        ("input_points", T.FLOAT, ["B", "P", "N", 2]),
        ("input_labels", T.INT64, ["B", "P", "N"]),
        ("input_boxes", T.FLOAT, ["B", "n", 4] if boxes_rank == 3 else ["n", 4]),
        *features,
    ]
    g.op("Unsqueeze", label, axis0, out="object_score_logits")
    g.save(
        path,
        inputs,
        [
            ("iou_scores", T.FLOAT, ["B", "P", 3]),
            ("pred_masks", T.FLOAT, ["B", "P", 3, 256, 256]),
            ("object_score_logits", T.FLOAT, ["B", "P", 1]),
        ],
    )


def sam_hf(labels_type=T.INT64, suffix=""):
    if not suffix:
        g = Graph()
        g.op("AveragePool", "pixel_values", out="image_embeddings", kernel_shape=[16, 16], strides=[16, 16])
        g.op("Mul", "image_embeddings", g.const(0.0), out="image_positional_embeddings")
        shape = ["B", 3, 64, 64]
        g.save(
            "sam-hf-encoder.onnx",
            [("pixel_values", T.FLOAT, ["B", 3, 1024, 1024])],
            [("image_positional_embeddings", T.FLOAT, shape), ("image_embeddings", T.FLOAT, shape)],
        )
    g = Graph()
    zero = g.const([0], np.int64)
    labels = g.op("Squeeze", g.op("Cast", "input_labels", to=T.FLOAT), zero)
    points = g.op("Squeeze", "input_points", zero)
    logits, px, py = answer_of(g, points, labels, RADII[1:], "inside")
    idle = g.op("ReduceSum", "image_positional_embeddings", keepdims=0)
    g.op("Unsqueeze", g.op("Add", logits, idle), zero, out="pred_masks")
    g.op("Unsqueeze", scores(g, BASE[1:], px, py), zero, out="iou_scores")
    g.save(
        f"sam-hf-decoder{suffix}.onnx",
        [
            ("image_embeddings", T.FLOAT, ["B", 3, 64, 64]),
            ("image_positional_embeddings", T.FLOAT, ["B", 3, 64, 64]),
            ("input_points", T.FLOAT, ["B", "P", "N", 2]),
            ("input_labels", labels_type, ["B", "P", "N"]),
        ],
        [("iou_scores", T.FLOAT, ["B", "P", 3]), ("pred_masks", T.FLOAT, ["B", "P", 3, 256, 256])],
    )


window_encoder()
window_encoder("window-encoder-plain.onnx", objectness=False)
window_encoder("window-encoder-foreground.onnx", foreground=True)
window_encoder("bad/window-encoder-float-image.onnx", image_type=T.FLOAT)
window_decoder()
window_decoder("window-decoder-reversed.onnx", reverse=True)
window_decoder("bad/window-decoder-double-points.onnx", points_type=T.DOUBLE)
window_decoder("bad/window-decoder-no-has-box.onnx", drop="has_box")
window_decoder("bad/window-decoder-flat-iou.onnx", flat_iou=True)
sam_meta_encoder()
sam_meta_encoder("sam-meta-encoder-inside.onnx", inside=True)
sam_meta_decoder()
sam_meta_decoder("sam-meta-decoder-batched.onnx", batch="B", scores_first=True)
sam_meta_decoder("sam-meta-decoder-single.onnx", single=True)
sam_hf()
sam_hf(T.INT32, "-int32")
(HERE / "sam-hf-decoder-int32.onnx").rename(HERE / "bad" / "sam-hf-decoder-int32-labels.onnx")
edge_sam()
edge_sam("bad/edge-sam-decoder-batched.onnx", batch=2)
efficient_sam()
efficient_sam("bad/efficient-sam-decoder-float-size.onnx", size_type=T.FLOAT)
sam2()
sam2("bad/sam2-decoder-no-features.onnx", drop="high_res_feats_0")
sam2_hf()
sam2_hf("bad/sam2-hf-decoder-flat-boxes.onnx", boxes_rank=2)
