"""Makes a model of SAM's standard shape for the bench `masks`, since no public weights come with the project.

    pip install -r ../../training/requirements.txt segment-anything==1.0
    python make_sam_model.py --out ../../out/bench/sam-shape --minutes 20

The decoder and the prompt encoder are segment-anything's own classes at their own sizes (64 x 64 x 256 embeddings, two-way
transformer of depth 2 and 8 heads, 4 mask tokens, 256 x 256 logits), exported by its own `SamOnnxModel`, once with
a fixed batch of 1 as its script does and once with the prompt axis open; and a third time by `training/sam_decoder.py`. The encoder is microtome's own for the task
with a learnt 16 px patch projection to 256 channels. Decoder and projection are trained for a few minutes on the
labelled objects of shared data's `train/`: mask 1 is the object under the point, masks 2 and 3 are the clusters
that it is part of. That makes masks, predicted IoUs and nesting of the kind that SAM gives, not a good model.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import compose
from segment_anything.modeling import MaskDecoder, PromptEncoder, TwoWayTransformer
from segment_anything.modeling.common import LayerNorm2d
from segment_anything.utils.onnx import SamOnnxModel
from torch import Tensor, nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))

from promptable.augment import CropConfig, draw  # noqa: E402
from promptable.datasets import Sample, load_nuclei  # noqa: E402
from promptable.export import session  # noqa: E402
from promptable.regions import load_regions  # noqa: E402
from promptable.stain import statistics  # noqa: E402
from sam_decoder import export_shared  # noqa: E402

CROP = 256
TOKENS = CROP // 16
GRID = 64
OPSET = 17


@dataclass(frozen=True)
class Task:
    """What the model is taught, and by whose eyes it sees."""

    encoder: Path
    #: px a cell of the encoder's `features`; `embedding` has 4.
    stride: int
    mpp: float
    load: Callable[[], list[Sample]]
    #: How far objects are grown to make the clusters of masks 2 and 3, px.
    reach: tuple[int, int]


TASKS = {
    "nuclei": Task(ROOT / "models" / "microtome-nuclei.encoder.onnx", 2, 0.25, load_nuclei, (2, 8)),
    "regions": Task(ROOT / "models" / "microtome-regions.encoder.onnx", 4, 2.0, load_regions, (4, 12)),
}


class Projection(nn.Module):
    """Embedding (64 channels, 4 px) and features (16 channels) to SAM's 256 channels a 16 px cell."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.embedding = nn.Conv2d(64, 256, 4, 4)
        self.features = nn.Conv2d(16, 256, 16 // stride, 16 // stride)
        self.norm = LayerNorm2d(256)

    def forward(self, embedding: Tensor, features: Tensor) -> Tensor:
        return self.norm(self.embedding(embedding) + self.features(features))


class SamShape(nn.Module):
    """What `SamOnnxModel` wants of a `Sam`, less the encoder, which is exported by itself."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.task = task
        self.image_encoder = type("Encoder", (), {"img_size": 1024})()
        self.prompt_encoder = PromptEncoder(256, (GRID, GRID), (1024, 1024), mask_in_chans=16)
        transformer = TwoWayTransformer(depth=2, embedding_dim=256, mlp_dim=2048, num_heads=8)
        self.mask_decoder = MaskDecoder(transformer_dim=256, transformer=transformer)
        self.projection = Projection(task.stride)
        self.mask_threshold = 0.0
        # Finer than SAM's, since nuclei are small: the same operator.
        self.prompt_encoder.pe_layer.positional_encoding_gaussian_matrix *= 3
        self._look_at_the_point()

    def _look_at_the_point(self) -> None:
        """Starts attention where positions agree, which training would otherwise take hours to find."""
        t = self.mask_decoder.transformer
        for layer in t.layers:
            eye = torch.eye(256)
            with torch.no_grad():
                layer.self_attn.v_proj.weight.copy_(eye)
                layer.self_attn.out_proj.weight.copy_(2 * eye)
                layer.self_attn.q_proj.weight.mul_(0.1)
        crosses = [l.cross_attn_token_to_image for l in t.layers] + [t.final_attn_token_to_image]
        for cross in [*crosses, *(l.cross_attn_image_to_token for l in t.layers)]:
            with torch.no_grad():
                q = torch.linalg.qr(torch.randn(256, 256))[0][:128] * 1.5
                cross.q_proj.weight.copy_(q)
                cross.k_proj.weight.copy_(q)

    def answer(self, embeddings: Tensor, points: Tensor, origin: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Logits [P,4,4T,4T] and IoUs [P,4] for points in px of the crop, which lies at `origin` (cells) of the 64 x 64."""
        x, y = origin
        pe = self.prompt_encoder.get_dense_pe()[:, :, y : y + TOKENS, x : x + TOKENS]
        placed = points + torch.tensor([x * 16.0, y * 16.0])
        labels = torch.ones(len(points), 1)
        sparse = self.prompt_encoder._embed_points(placed[:, None], labels, pad=True)
        dense = self.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1)
        return self.mask_decoder.predict_masks(embeddings, pe, sparse, dense)


def levels(label: np.ndarray, reach: tuple[int, int]) -> list[np.ndarray]:
    """Objects, and the clusters that they make when grown a little and more; numbered pictures at the crop's size."""
    out = [label]
    for grow in reach:
        grown = cv2.dilate((label > 0).astype(np.uint8), np.ones((2 * grow + 1,) * 2, np.uint8))
        _, parts = cv2.connectedComponents(grown)
        out.append(np.where(label > 0, parts, 0) if grow == reach[0] else parts)
    return out


def cache(task: Task, crops: int, seed: int) -> list[tuple[Tensor, Tensor, np.ndarray]]:
    """Crops of labelled objects, seen by the frozen encoder: embedding, features, label."""
    samples = [s for s in task.load() if not s.validation]
    targets = np.stack([statistics(s.image) for s in samples])
    encoder = session(task.encoder)
    rng = np.random.default_rng(seed)
    weights = np.array([np.sqrt(s.label.size) for s in samples])
    out = []
    for _ in range(crops):
        sample = samples[rng.choice(len(samples), p=weights / weights.sum())]
        crop = draw(sample, CropConfig(size=CROP, on_object=0.7), rng, targets)
        got = encoder.run(["embedding", "features"], {"image": crop.image[None]})
        known = np.where(crop.valid, np.maximum(crop.label, 0), 0)
        out.append((torch.from_numpy(got[0]), torch.from_numpy(got[1]), known))
    return out


def draw_points(label: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """Points [P,2] px: three of four on nuclei, each nucleus equally likely; the others anywhere."""
    ids = np.unique(label)[1:]
    points = rng.uniform(8, CROP - 8, (count, 2))
    for i in range(count if len(ids) else 0):
        if i % 4 == 3:
            continue
        ys, xs = np.nonzero(label == rng.choice(ids))
        k = rng.integers(len(xs))
        points[i] = (xs[k] + 0.5, ys[k] + 0.5)
    return points.astype(np.float32)


def loss_of(model: SamShape, item: tuple, rng: np.random.Generator, prompts: int) -> tuple[Tensor, Tensor, Tensor]:
    embedding, features, label = item
    points = draw_points(label, rng, prompts)
    x, y = points.astype(int).T
    wanted = []
    for level in levels(label, model.task.reach):
        ids = level[y, x]
        full = (level[None] == ids[:, None, None]) & (ids > 0)[:, None, None]
        wanted.append(full.reshape(prompts, CROP // 4, 4, CROP // 4, 4).mean((2, 4)))
    target = torch.from_numpy(np.stack([wanted[0], *wanted], 1).astype(np.float32))
    origin = tuple(int(v) for v in rng.integers(0, GRID - TOKENS + 1, 2))
    logits, iou = model.answer(model.projection(embedding, features), torch.from_numpy(points), origin)
    flat, truth = logits.flatten(2), target.flatten(2)
    there = (truth.amax(2) > 0.5).float()
    chance = flat.sigmoid()
    dice = 1 - (2 * (chance * truth).sum(2) + 1) / (chance.sum(2) + truth.sum(2) + 1)
    error = F.binary_cross_entropy_with_logits(flat, truth, reduction="none")
    focal = (error * ((chance - truth).abs() ** 1.5)).mean(2)
    with torch.no_grad():
        own, right = flat > 0, truth > 0.5
        true_iou = (own & right).sum(2) / (own | right).sum(2).clamp(min=1)
    masks = ((dice + 20 * focal) * there).sum() / there.sum().clamp(min=1) + 2 * (focal * (1 - there)).mean()
    quality = F.mse_loss(iou, true_iou)
    return masks + quality, (true_iou * there).sum(0) / there.sum(0).clamp(min=1), quality.detach().sqrt()


def train(model: SamShape, minutes: float, rate: float, prompts: int, seed: int, state: Path) -> None:
    rng = np.random.default_rng(seed)
    items = cache(model.task, 160, seed)
    frozen = (model.prompt_encoder.mask_downscaling, model.prompt_encoder.point_embeddings[0])
    for module in frozen:
        module.requires_grad_(False)
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=rate, weight_decay=1e-4)
    started, step, mean = time.monotonic(), 0, torch.zeros(4)
    saved = started
    while (done := (time.monotonic() - started) / (minutes * 60)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 60) * min(1, 3 * (1 - done) + 0.02)
        loss, ious, off = loss_of(model, items[rng.integers(len(items))], rng, prompts)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        mean = ious if step == 0 else 0.95 * mean + 0.05 * ious
        if step % 25 == 0:
            seen = " ".join(f"{v:.3f}" for v in mean)
            print(f"step {step} {done:.0%} loss {loss.item():.3f} iou {seen} quality off by {off.item():.3f}", flush=True)
        if time.monotonic() - saved > 120:
            torch.save(model.state_dict(), state)
            saved = time.monotonic()
        step += 1
    torch.save(model.state_dict(), state)


class Prepared(nn.Module):
    """The projection alone, as a graph."""

    def __init__(self, projection: Projection) -> None:
        super().__init__()
        self.projection = projection

    def forward(self, embedding: Tensor, features: Tensor) -> Tensor:
        return self.projection(embedding, features)


def export_encoder(model: SamShape, path: Path) -> None:
    """[H,W,3] uint8, as samexporter's `--use-preprocess` does it, to [1,256,64,64]."""
    tail = path.with_suffix(".tail.onnx")
    cells = 1024 // model.task.stride
    torch.onnx.export(
        Prepared(model.projection), (torch.zeros(1, 64, 256, 256), torch.zeros(1, 16, cells, cells)), str(tail),
        dynamo=False, opset_version=OPSET, input_names=["embedding", "features"], output_names=["image_embeddings"],
    )  # fmt: skip
    head = onnx.load(str(model.task.encoder))
    end = onnx.load(str(tail))
    tail.unlink()
    end.ir_version = head.ir_version
    both = compose.merge_models(
        compose.add_prefix(head, "head/"), compose.add_prefix(end, "tail/"),
        io_map=[("head/embedding", "tail/embedding"), ("head/features", "tail/features")],
        outputs=["tail/image_embeddings"],
    )  # fmt: skip
    graph = both.graph
    axes = onnx.helper.make_tensor("batch_axis", onnx.TensorProto.INT64, [1], [0])
    graph.initializer.append(axes)
    graph.node.insert(0, onnx.helper.make_node("Unsqueeze", ["input_image", "batch_axis"], ["head/image"]))
    del graph.input[:]
    graph.input.append(onnx.helper.make_tensor_value_info("input_image", onnx.TensorProto.UINT8, ["H", "W", 3]))
    graph.node.append(onnx.helper.make_node("Identity", ["tail/image_embeddings"], ["image_embeddings"]))
    del graph.output[:]
    shape = [1, 256, GRID, GRID]
    graph.output.append(onnx.helper.make_tensor_value_info("image_embeddings", onnx.TensorProto.FLOAT, shape))
    onnx.checker.check_model(both)
    onnx.save(both, str(path))


def export_decoder(model: SamShape, path: Path, batched: bool) -> None:
    graph = SamOnnxModel(model, return_single_mask=False)
    prompts = 2 if batched else 1
    args = (
        torch.randn(1, 256, GRID, GRID),
        torch.rand(prompts, 2, 2) * 1024,
        torch.tensor([[1.0, -1.0]]).repeat(prompts, 1),
        torch.zeros(1, 1, 256, 256),
        torch.zeros(1),
        torch.tensor([1024.0, 1024.0]),
    )
    names = ["image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input", "orig_im_size"]
    axes = {0: "B", 1: "N"} if batched else {1: "N"}
    torch.onnx.export(
        graph, args, str(path), dynamo=False, opset_version=OPSET, input_names=names,
        output_names=["masks", "iou_predictions", "low_res_masks"],
        dynamic_axes={"point_coords": axes, "point_labels": axes},
    )  # fmt: skip


def check(model: SamShape, encoder: Path, decoder: Path) -> None:
    """The graphs against PyTorch on another number of prompts."""
    image = np.random.default_rng(1).integers(0, 255, (1024, 1024, 3), dtype=np.uint8)
    embeddings = session(encoder).run(None, {"input_image": image})[0]
    points = np.array([[[300.0, 500], [0, 0]], [[10, 900], [0, 0]], [[70, 20], [0, 0]]], np.float32)
    labels = np.array([[1.0, -1]] * 3, np.float32)
    rest = {
        "image_embeddings": embeddings,
        "mask_input": np.zeros((1, 1, 256, 256), np.float32),
        "has_mask_input": np.zeros(1, np.float32),
        "orig_im_size": np.array([64, 64], np.float32),
    }
    run = ort.InferenceSession(str(decoder), providers=["CPUExecutionProvider"]).run
    single = "single" in decoder.name
    takes = [slice(i, i + 1) for i in range(3)] if single else [slice(0, 3)]
    low, iou = [], []
    for part in takes:
        feed = rest | {"point_coords": points[part], "point_labels": labels[part]}
        a, b = run(["low_res_masks", "iou_predictions"], feed)
        low.append(a)
        iou.append(b)
    with torch.no_grad():
        sparse = model.prompt_encoder._embed_points(torch.from_numpy(points[:, :1]), torch.ones(3, 1), pad=True)
        dense = model.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1)
        pe = model.prompt_encoder.get_dense_pe()
        want = model.mask_decoder.predict_masks(torch.from_numpy(embeddings), pe, sparse, dense)
    for name, got, right in (("logits", low, want[0]), ("iou", iou, want[1])):
        off = np.abs(np.concatenate(got) - right.numpy()).max()
        print(decoder.name, name, "off by", off)
        assert off < 1e-2, name


def describe(out: Path, kind: str, task: str, grid: dict) -> None:
    body = {
        "name": f"sam-shape-{kind}",
        "title": "SAM's standard shape, briefly trained; for benches only",
        "version": "1",
        "contract": "sam-meta",
        "tasks": ["nuclei"] if task == "nuclei" else ["tumor", "tissue"],
        "files": {"encoder": {"path": "encoder.onnx"}, "decoder": {"path": f"decoder-{kind}.onnx"}},
        "mpp": TASKS[task].mpp,
        "grid": grid,
        "licence": "Apache-2.0",
        "trainedOn": [f"{task} sets of train/"],
    }
    (out / f"sam-shape-{kind}.json").write_text(json.dumps(body, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(TASKS), default="nuclei")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true", help="go on from what was learnt before")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    model = SamShape(TASKS[args.task])
    state = args.out / "state.pt"
    if args.resume and state.exists():
        known = torch.load(state)
        own = model.state_dict()
        # A start from the other task's weights: what has another shape is learnt anew.
        model.load_state_dict({k: v if v.shape == own[k].shape else own[k] for k, v in known.items()})
    if args.minutes > 0:
        train(model, args.minutes, args.rate, args.prompts, args.seed, state)
    model.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        export_encoder(model, args.out / "encoder.onnx")
        for kind in ("single", "batched"):
            export_decoder(model, args.out / f"decoder-{kind}.onnx", kind == "batched")
            check(model, args.out / "encoder.onnx", args.out / f"decoder-{kind}.onnx")
        off = export_shared(model, SamOnnxModel(model, return_single_mask=False), args.out / "decoder-shared.onnx")
        print("decoder-shared.onnx off by", off)
    for kind in ("single", "batched", "shared"):
        describe(args.out, kind, args.task, {"pointsPerSide": 32, "predictedIouThreshold": 0.3, "stabilityScoreThreshold": 0.4})


if __name__ == "__main__":
    main()
