"""Makes prompts.json: what segment-anything's own SamPredictor answers to every kind of prompt.

    pip install torch torchvision segment-anything==1.0 onnx onnxscript onnxruntime numpy
    python ../../../scripts/export-sam.py --tiny --out tiny
    mv tiny/encoder.onnx sam-tiny-encoder.onnx && mv tiny/decoder.onnx sam-tiny-decoder.onnx
    python make-prompt-goldens.py

The model is SAM's prompt encoder, transformer and mask decoder with random weights (of the same seed as the exported
graphs), 16 channels wide. The answers are the PyTorch model's, not those of the graphs.
"""

import importlib.util
import json
from pathlib import Path

import numpy as np
import torch
from segment_anything import SamPredictor

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("export_sam", HERE / "../../../scripts/export-sam.py")
export_sam = importlib.util.module_from_spec(spec)
spec.loader.exec_module(export_sam)

# Boxes as x0, y0, x1, y1; patch px of a 1024 px picture.
PROMPTS = [
    {"points": [[300, 500, 1]]},
    {"points": [[300, 500, 1], [340.5, 520.25, 1], [700, 90, 0]]},
    {"points": [], "box": [200, 300, 640, 800]},
    {"points": [[400, 500, 1], [220, 320, 0]], "box": [200, 300, 640, 800]},
    {"points": [[300, 500, 1]], "after": 0},
    {"points": [[600, 650, 1], [20, 30, 0]], "box": [200, 300, 640, 800], "after": 2},
]


def picture():
    """As make-goldens.py paints it: blocks of 64 px of one red each."""
    y, x = np.mgrid[0:1024, 0:1024] // 64
    image = np.full((1024, 1024, 3), 128, np.uint8)
    image[..., 0] = (x * 37 + y * 59) % 251
    return image


def main():
    predictor = SamPredictor(export_sam.tiny())
    predictor.set_image(picture())
    rng = np.random.default_rng(1)
    cells = rng.integers(0, 65536, 64)
    answers = []
    for prompt in PROMPTS:
        lone = len(prompt["points"]) == 1 and "box" not in prompt and "after" not in prompt
        points = np.array(prompt["points"], np.float32).reshape(-1, 3)
        given = dict(
            point_coords=points[:, :2] if len(points) else None,
            point_labels=points[:, 2] if len(points) else None,
            box=np.array(prompt["box"], np.float32) if "box" in prompt else None,
        )
        if "after" in prompt:
            before = answers[prompt["after"]]
            given["mask_input"] = before["logits"][int(np.argmax(before["iou"]))][None]
        entry = {**prompt}
        for name, multimask in (("best", lone), ("all", True)):
            _, iou, low = predictor.predict(**given, multimask_output=multimask, return_logits=True)
            entry[name] = [
                {"iou": float(i), "samples": [round(float(v), 5) for v in m.ravel()[cells]]}
                for i, m in zip(iou, low, strict=True)
            ]
            if name == "best":
                answers.append({"logits": low, "iou": iou})
        print(prompt, [round(a["iou"], 3) for a in entry["all"]], [float((m > 0).mean()) for m in answers[-1]["logits"]])
        del name, multimask
        answers[-1]["entry"] = entry
    out = {"cells": cells.tolist(), "prompts": [a["entry"] for a in answers]}
    (HERE / "prompts.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
