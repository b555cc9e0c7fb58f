"""Export a checkpoint to the `window` ONNX contract: an encoder and a decoder graph, fp32.

python -m promptable.export --checkpoint runs/nuclei/last.pt --out runs/nuclei/export
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from torch import Tensor, nn

from .encoder import normalise
from .model import Promptable, load

OPSET = 17


class EncoderGraph(nn.Module):
    """uint8 [1,H,W,3] to embedding, features and three probability maps."""

    def __init__(self, model: Promptable) -> None:
        super().__init__()
        self.encoder = model.encoder

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        out = self.encoder(normalise(image))
        dense = torch.sigmoid(out["dense"])
        return out["embedding"], out["features"], dense[:, 0:1], dense[:, 1:2], dense[:, 2:3]


class DecoderGraph(nn.Module):
    """Prompts to windows of logits, origins, predicted IoUs (0..1) and, where the model has classes, their logits."""

    def __init__(self, model: Promptable) -> None:
        super().__init__()
        self.decoder = model.decoder

    def forward(
        self, embedding: Tensor, features: Tensor, points: Tensor, boxes: Tensor, has_box: Tensor
    ) -> tuple[Tensor, ...]:
        windows, origins, iou, told = self.decoder.answer(embedding, features, points, boxes, has_box)
        answers = windows, origins, torch.sigmoid(iou)
        return (*answers, self.decoder.kind(told)) if self.decoder.config.classes else answers


def export(model: Promptable, out: Path) -> tuple[Path, Path]:
    """Write encoder.onnx and decoder.onnx to ``out`` and compare them with the PyTorch model."""
    out.mkdir(parents=True, exist_ok=True)
    s = model.config.decoder.stride
    encoder, decoder = EncoderGraph(model).eval(), DecoderGraph(model).eval()
    encoder_path, decoder_path = out / "encoder.onnx", out / "decoder.onnx"
    image = torch.randint(0, 255, (1, 256, 320, 3), dtype=torch.uint8)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        embedding, features, *_ = encoder(image)
        points = torch.rand(5, 2) * torch.tensor([320.0, 256.0])
        boxes = torch.cat([points - 12, points + 14], 1)
        has_box = torch.tensor([0.0, 1, 0, 1, 0])
        prompts = (points, boxes * has_box[:, None], has_box)
        dense = ("objectness", "foreground", "boundary")
        answers = ["windows", "origins", "iou_predictions"]
        if model.config.decoder.classes:
            answers.append("class_logits")
        torch.onnx.export(
            encoder,
            (image,),
            str(encoder_path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["image"],
            output_names=["embedding", "features", *dense],
            dynamic_axes={
                "image": {1: "H", 2: "W"},
                "embedding": {2: "H4", 3: "W4"},
                **{name: {2: f"H{s}", 3: f"W{s}"} for name in ("features", *dense)},
            },
        )
        torch.onnx.export(
            decoder,
            (embedding, features, *prompts),
            str(decoder_path),
            dynamo=False,
            opset_version=OPSET,
            input_names=["embedding", "features", "points", "boxes", "has_box"],
            output_names=answers,
            dynamic_axes={
                "embedding": {2: "H4", 3: "W4"},
                "features": {2: f"H{s}", 3: f"W{s}"},
                **{n: {0: "P"} for n in ("points", "boxes", "has_box", *answers)},
            },
        )
    # The exporter may put a module back into train mode: force eval, then compare.
    model.eval()
    for path in (encoder_path, decoder_path):
        graph = onnx.load(str(path))
        onnx.checker.check_model(graph)
    compare(model, encoder_path, decoder_path)
    return encoder_path, decoder_path


def compare(model: Promptable, encoder_path: Path, decoder_path: Path, tolerance: float = 2e-3) -> float:
    """Largest difference of the ONNX graphs from PyTorch on another size and prompt count."""
    generator = torch.Generator().manual_seed(1)
    image = torch.randint(0, 255, (1, 256, 192, 3), dtype=torch.uint8, generator=generator)
    points = torch.rand(33, 2, generator=generator) * torch.tensor([192.0, 256.0])
    boxes = torch.cat([points - 9, points + 15], 1)
    has_box = (torch.arange(33) % 2).float()
    boxes = boxes * has_box[:, None]
    encoder, decoder = EncoderGraph(model).eval(), DecoderGraph(model).eval()
    with torch.no_grad():
        want = encoder(image)
        want_decoded = decoder(want[0], want[1], points, boxes, has_box)
    first, second = session(encoder_path), session(decoder_path)
    got = first.run(None, {"image": image.numpy()})
    got_decoded = second.run(
        None,
        {
            "embedding": got[0],
            "features": got[1],
            "points": points.numpy(),
            "boxes": boxes.numpy(),
            "has_box": has_box.numpy(),
        },
    )
    worst = 0.0
    for a, b in zip((*want, *want_decoded), (*got, *got_decoded), strict=True):
        worst = max(worst, float(np.abs(a.numpy() - b).max()) / max(1.0, float(np.abs(b).max())))
    if worst > tolerance:
        raise RuntimeError(f"ONNX differs from PyTorch by {worst:.4g} (relative to the largest value)")
    return worst


def session(path: Path, threads: int = 1) -> ort.InferenceSession:
    """A CPU session with a fixed number of threads."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    model = load(str(args.checkpoint))
    for path in export(model, args.out):
        print(path, path.stat().st_size)


if __name__ == "__main__":
    main()
