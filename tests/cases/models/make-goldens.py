"""Makes the goldens beside this file with independent tools.

    pip install torch torchvision segment-anything==1.0 onnxruntime numpy pillow
    python make-goldens.py

amg-1024.json, amg-640.json, amg-crops.json  SAM's reference SamAutomaticMaskGenerator over sam-meta-decoder.onnx
small-regions.json           segment_anything.utils.amg.remove_small_regions on random masks
upsample.json                masks cut from random logits: torch.nn.functional.interpolate
hematoxylin.json             mean hematoxylin OD: numpy's pseudo-inverse
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from segment_anything import SamAutomaticMaskGenerator
from segment_anything.utils.amg import calculate_stability_score, remove_small_regions
from segment_anything.utils.transforms import ResizeLongestSide

HERE = Path(__file__).parent


def picture(width, height):
    """The test image: blocks of 64 px of one red each; the tests paint the same."""
    y, x = np.mgrid[0:height, 0:width] // 64
    image = np.full((height, width, 3), 128, np.uint8)
    image[..., 0] = (x * 37 + y * 59) % 251
    return image


class Predictor:
    """What the generator needs of SamPredictor, over the ONNX graphs."""

    def __init__(self):
        self.transform = ResizeLongestSide(1024)
        self.device = torch.device("cpu")
        self.encoder, self.decoder = (
            ort.InferenceSession(HERE / f"sam-meta-{n}.onnx") for n in ("encoder", "decoder")
        )
        self.model = type("M", (), {"mask_threshold": 0.0})()

    def set_image(self, image):
        self.original = image.shape[:2]
        resized = self.transform.apply_image(image)
        self.input = resized.shape[:2]
        x = (resized.astype(np.float32) - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
        x = x.transpose(2, 0, 1).astype(np.float32)
        x = np.pad(x, ((0, 0), (0, 1024 - x.shape[1]), (0, 1024 - x.shape[2])))
        self.embedding = self.encoder.run(None, {"input_image": x[None]})[0]

    def reset_image(self):
        pass

    def predict_torch(self, points, labels, multimask_output, return_logits):
        assert multimask_output and return_logits
        low, iou = [], []
        for xy, label in zip(points.numpy(), labels.numpy(), strict=True):
            out = self.decoder.run(
                ["low_res_masks", "iou_predictions"],
                {
                    "image_embeddings": self.embedding,
                    "point_coords": np.concatenate([xy, [[0, 0]]]).astype(np.float32)[None],
                    "point_labels": np.array([[label[0], -1]], np.float32),
                    "mask_input": np.zeros((1, 1, 256, 256), np.float32),
                    "has_mask_input": np.zeros(1, np.float32),
                    "orig_im_size": np.array(self.original, np.float32),
                },
            )
            low.append(out[0][0, 1:])
            iou.append(out[1][0, 1:])
        low = torch.tensor(np.stack(low))
        # Sam.postprocess_masks
        big = torch.nn.functional.interpolate(low, (1024, 1024), mode="bilinear", align_corners=False)
        big = big[..., : self.input[0], : self.input[1]]
        big = torch.nn.functional.interpolate(big, self.original, mode="bilinear", align_corners=False)
        return big, torch.tensor(np.stack(iou)), low


def amg(name, width, height, **settings):
    generator = SamAutomaticMaskGenerator.__new__(SamAutomaticMaskGenerator)
    # The constructor wants a torch model; only its predictor is replaced.
    SamAutomaticMaskGenerator.__init__(generator, type("Fake", (), {"image_encoder": type("E", (), {"img_size": 1024})()})(), **settings)
    generator.predictor = Predictor()
    records = generator.generate(picture(width, height))
    masks = [
        {
            "box": [int(v) for v in (r["bbox"][0], r["bbox"][1], r["bbox"][2] + 1, r["bbox"][3] + 1)],
            "area": int(r["area"]),
            "predictedIou": r["predicted_iou"],
            "stabilityScore": r["stability_score"],
            "point": r["point_coords"][0],
            "cropBox": [int(v) for v in r["crop_box"]],
        }
        for r in records
    ]
    print(name, len(masks))
    save(name, {"width": width, "height": height, "settings": settings, "masks": masks})


def save(name, value):
    (HERE / name).write_text(json.dumps(value) + "\n")


def upsample():
    rng = np.random.default_rng(7)
    cases = []
    for cells, pixels in ((8, 16), (8, 32), (16, 40), (12, 12), (10, 33)):
        logits = np.round(rng.normal(size=(cells, cells)) * 3, 2).astype(np.float32)
        big = torch.nn.functional.interpolate(
            torch.tensor(logits)[None, None], (pixels, pixels), mode="bilinear", align_corners=False
        )[0, 0]
        for threshold, offset in ((0.0, 1.0), (-1.0, 0.5)):
            mask = (big > threshold).numpy()
            cases.append(
                {
                    "cells": cells,
                    "pixels": pixels,
                    "threshold": threshold,
                    "offset": offset,
                    "logits": [round(float(v), 2) for v in logits.ravel()],
                    "mask": "".join("1" if v else "0" for v in mask.ravel()),
                    "stability": float(calculate_stability_score(big[None], threshold, offset)[0]),
                }
            )
    save("upsample.json", cases)


def hematoxylin():
    rng = np.random.default_rng(11)
    stains = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11]])
    stains /= np.linalg.norm(stains, axis=1, keepdims=True)
    image = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
    mask = rng.random((6, 5)) < 0.5
    od = -np.log10((image.astype(float) + 1) / 256)
    amounts = od @ np.linalg.pinv(stains)
    save(
        "hematoxylin.json",
        {
            "width": 5,
            "height": 6,
            "rgb": image.ravel().tolist(),
            "mask": mask.ravel().astype(int).tolist(),
            "mean": float(amounts[..., 0][mask].mean()),
        },
    )


def small_regions():
    """Random masks on a patch of 24 x 20, at its edges too; holes first, then islands, as the generator does."""
    rng = np.random.default_rng(5)
    cases = []
    for share, least in ((0.35, 4), (0.5, 6), (0.62, 9), (0.8, 12), (0.05, 30), (0.5, 1)):
        for _ in range(4):
            mask = rng.random((20, 24)) < share
            mask[:, 12:] |= rng.random((20, 12)) < share
            filled, holes = remove_small_regions(mask, least, "holes")
            tidy, islands = remove_small_regions(filled, least, "islands")
            cases.append(
                {
                    "leastPx": least,
                    "mask": "".join("1" if v else "0" for v in mask.ravel()),
                    "tidy": "".join("1" if v else "0" for v in tidy.ravel()),
                    "changed": bool(holes or islands),
                }
            )
    save("small-regions.json", {"width": 24, "height": 20, "cases": cases})


upsample()
hematoxylin()
small_regions()
SETTINGS = dict(points_per_side=8, pred_iou_thresh=0.695, stability_score_thresh=0.5, box_nms_thresh=0.3)
amg("amg-1024.json", 1024, 1024, **SETTINGS)
amg("amg-640.json", 640, 480, **SETTINGS)
CROPS = dict(crop_n_layers=2, crop_nms_thresh=0.4, crop_overlap_ratio=0.3, crop_n_points_downscale_factor=2)
amg("amg-crops.json", 1024, 1024, **SETTINGS, **CROPS, min_mask_region_area=25)
