"""Rebuild a trainable checkpoint from a shipped pair of ONNX files, so that no lineage is ever lost.

    python -m promptable.restore --task nuclei --model ../models/microtome-nuclei.json --out runs/restored/last.pt

The decoder ships in float32 and is copied. The encoder's convolutions ship in int8 with BatchNorm folded into them:
they are dequantised, and each BatchNorm gets the statistics of its convolution over training crops, with the gain and
shift that undo them. Evaluation is then unchanged, training starts from nearly the same outputs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from .encoder import normalise
from .model import ModelConfig, Promptable
from .quantise import Crops
from .tasks import TASKS
from .train import save


def constants(graph: onnx.GraphProto) -> dict[str, np.ndarray]:
    """Every constant by name, int8 ones dequantised."""
    known = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and all(name in known for name in node.input):
            values, scale, zero = (known[name] for name in node.input)
            shape = [-1] + [1] * (values.ndim - 1) if scale.ndim and values.ndim else []
            shift = values.astype(np.float64) - zero.reshape(shape)
            known[node.output[0]] = (shift * scale.reshape(shape)).astype(np.float32)
    return known


def module_of(node_name: str) -> str:
    """`/encoder/down4/down4.0/first/first.0/Conv` to `down4.0.first.0`."""
    parts: list[str] = []
    for part in node_name.strip("/").split("/")[1:-1]:
        if parts and part.startswith(f"{parts[-1]}."):
            parts[-1] = part
        else:
            parts.append(part)
    return ".".join(parts)


def convolutions(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Weight and bias of every convolution of an exported encoder, by its module's name."""
    graph = onnx.load(str(path)).graph
    known = constants(graph)
    return {module_of(n.name): (known[n.input[1]], known[n.input[2]]) for n in graph.node if n.op_type == "Conv"}


def as_shipped(shape: ModelConfig, read: Iterable[str]) -> ModelConfig:
    """The task's shape with as many residual blocks, a stride and behind each fusion, as the shipped encoder has."""
    names = list(read)

    def counted(stage: str) -> int:
        return len({name.split(".")[1] for name in names if name.startswith(f"{stage}.")})

    blocks = (counted("down4"), counted("down8"), counted("down16"))
    fused = (counted("refine4"), counted("refine8"))
    return replace(shape, encoder=replace(shape.encoder, blocks=blocks, fused_blocks=fused))


def norms(encoder: nn.Module) -> dict[str, nn.BatchNorm2d]:
    """Each BatchNorm by the name of the convolution before it."""
    found: dict[str, nn.BatchNorm2d] = {}
    for name, module in encoder.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            head, at = name.rsplit(".", 1)
            found[f"{head}.{int(at) - 1}"] = module
    return found


@torch.no_grad()
def fill(model: Promptable, encoder: Path, decoder: Path) -> None:
    """Copy both files' weights into the model; every BatchNorm only adds the bias."""
    after = norms(model.encoder)
    convs = dict(model.encoder.named_modules())
    read = convolutions(encoder)
    wanted = {name for name, module in convs.items() if isinstance(module, nn.Conv2d)}
    if set(read) != wanted:
        raise SystemExit(f"{encoder} is of another architecture: {sorted(set(read) ^ wanted)}")
    for name, (weight, bias) in read.items():
        conv = convs[name]
        assert isinstance(conv, nn.Conv2d)
        conv.weight.copy_(torch.from_numpy(weight))
        if name in after:
            norm = after[name]
            norm.running_mean.zero_()
            norm.running_var.fill_(1 - norm.eps)
            norm.weight.fill_(1)
            norm.bias.copy_(torch.from_numpy(bias))
        else:
            assert conv.bias is not None
            conv.bias.copy_(torch.from_numpy(bias))
    known = {i.name: numpy_helper.to_array(i) for i in onnx.load(str(decoder)).graph.initializer}
    for name, value in model.decoder.named_parameters():
        value.copy_(torch.from_numpy(known[f"decoder.{name}"]))


@torch.no_grad()
def unfold(model: Promptable, crops: list[np.ndarray]) -> None:
    """Give each BatchNorm the mean and spread its convolution has over the crops, outputs unchanged."""
    sums: dict[str, Tensor] = {}

    def listen(name: str):  # noqa: ANN202
        def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            x = inputs[0].double()
            part = torch.stack([x.mean((0, 2, 3)), (x * x).mean((0, 2, 3))])
            sums[name] = sums.get(name, torch.zeros_like(part)) + part

        return hook

    after = norms(model.encoder)
    hooks = [norm.register_forward_pre_hook(listen(name)) for name, norm in after.items()]
    model.eval()
    for crop in crops:
        model.encoder(normalise(torch.from_numpy(crop)))
    for hook in hooks:
        hook.remove()
    convs = dict(model.encoder.named_modules())
    for name, norm in after.items():
        conv = convs[name]
        assert isinstance(conv, nn.Conv2d)
        mean, square = sums[name] / len(crops)
        std = (square - mean * mean).clamp(min=1e-6).sqrt()
        # A filter's own size is free behind BatchNorm: bring it to a fresh network's, so that rates mean the same.
        gain = conv.weight.flatten(1).norm(dim=1).double().clamp(min=1e-4) / 2**0.5
        conv.weight.copy_(conv.weight / gain[:, None, None, None].float())
        norm.running_mean.copy_(mean / gain)
        norm.running_var.copy_((std / gain) ** 2)
        norm.bias.copy_(norm.bias + mean)
        norm.weight.copy_(((std / gain) ** 2 + norm.eps).sqrt() * gain)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", choices=sorted(TASKS), default="nuclei")
    parser.add_argument("--model", type=Path, required=True, help="the shipped description")
    parser.add_argument("--painted", type=Path)
    parser.add_argument("--crops", type=int, default=64)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    files = json.loads(args.model.read_text())["files"]
    encoder, decoder = (args.model.parent / files[part]["path"] for part in ("encoder", "decoder"))
    shape = as_shipped(TASKS[args.task].model, convolutions(encoder))
    model = Promptable(shape)
    fill(model, encoder, decoder)
    crops = list(Crops(args.task, args.crops, args.painted).images)
    with torch.no_grad():
        before = model.eval().encoder(normalise(torch.from_numpy(crops[0])))
    unfold(model, crops)
    with torch.no_grad():
        exact = model.eval().encoder(normalise(torch.from_numpy(crops[0])))
        trained = model.train().encoder(normalise(torch.from_numpy(np.concatenate(crops[:4]))))
        still = model.eval().encoder(normalise(torch.from_numpy(np.concatenate(crops[:4]))))
    for name in before:
        worst = float((exact[name] - before[name]).abs().max())
        drift = float((trained[name] - still[name]).pow(2).mean().sqrt() / still[name].std())
        print(f"{name}: unfolding changed it by {worst:.2g} at most; train mode differs by {drift:.2f} of its spread")
    # Looking in train mode moved the running statistics a little: they are written as measured.
    fresh = Promptable(shape)
    fill(fresh, encoder, decoder)
    unfold(fresh, crops)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save(args.out, {"config": shape.as_dict(), "task": args.task, "ema": fresh.state_dict()})
    print(args.out, args.out.stat().st_size)


if __name__ == "__main__":
    main()
