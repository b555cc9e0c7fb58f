"""Export a SAM decoder that answers many prompts of one picture in half the arithmetic, in the `sam-meta` contract.

    pip install segment-anything==1.0 -r requirements.txt
    python sam_decoder.py --checkpoint sam_vit_b_01ec64.pth --model-type vit_b --out sam_vit_b.decoder.onnx

The weights and the answers are those of segment-anything's own export (`SamOnnxModel`), up to rounding; what differs is
the order of the products. With n = 4,096 image tokens of 256 channels, 7 prompt tokens, 8 heads of 16 channels:

- What depends on the picture alone (the first layer's three projections of the image tokens) is computed once a
  call instead of once a prompt.
- Later the image tokens differ between prompts, and projecting them costs n x 256 x 128 a projection. The projection is
  moved to the prompt's side: q (W x) = (q W) x, with 56 rows (heads x prompt tokens) in place of n, and likewise for
  values and outputs, since sum(a W x) = W sum(a x) over weights a that sum to one.
- The transposed convolutions have their stride for a kernel: they are matrix products on tokens, and no map is ever
  turned round. The full-size `masks`, which microtome does not read, is left out.
- 1.77 to 0.83 billion multiplications a prompt.
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
from torch.nn import functional as F

OPSET = 17
NAMES = ["image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input", "orig_im_size"]


def heads(x: Tensor, count: int) -> Tensor:
    """[B,T,C] to [B,h,T,C/h]."""
    return x.reshape(x.shape[0], x.shape[1], count, -1).transpose(1, 2)


def joined(x: Tensor) -> Tensor:
    """[B,h,T,c] to [B,T,h*c]."""
    return x.transpose(1, 2).flatten(2)


def weight_by_head(linear: nn.Linear, count: int) -> Tensor:
    """[h,c,in] of a projection to heads."""
    return linear.weight.reshape(count, -1, linear.in_features)


class SharedDecoder(nn.Module):
    """`sam` is a segment-anything `Sam`, or anything with its prompt_encoder and mask_decoder."""

    def __init__(self, sam: nn.Module, onnx_model: nn.Module) -> None:
        super().__init__()
        self.decoder = sam.mask_decoder
        self.transformer = sam.mask_decoder.transformer
        #: For its embedding of points and masks.
        self.standard = onnx_model
        self.register_buffer("pe", sam.prompt_encoder.get_dense_pe().flatten(2).transpose(1, 2).detach().clone())

    def forward(
        self,
        image_embeddings: Tensor,
        point_coords: Tensor,
        point_labels: Tensor,
        mask_input: Tensor,
        has_mask_input: Tensor,
        orig_im_size: Tensor,
    ) -> tuple[Tensor, Tensor]:
        sparse = self.standard._embed_points(point_coords, point_labels)
        dense = self.standard._embed_masks(mask_input, has_mask_input)
        image = (image_embeddings + dense).flatten(2).transpose(1, 2)
        output = torch.cat([self.decoder.iou_token.weight, self.decoder.mask_tokens.weight], 0)
        tokens = torch.cat([output.unsqueeze(0).expand(sparse.shape[0], -1, -1), sparse], 1)
        queries, keys = self._first(tokens, image)
        for layer in self.transformer.layers[1:]:
            queries, keys = self._later(layer, queries, keys, tokens)
        last = self.transformer.final_attn_token_to_image
        queries = queries + self._look(last, queries + tokens, keys + self.pe, keys)
        queries = self.transformer.norm_final_attn(queries)
        count = self.decoder.num_mask_tokens
        mlps = self.decoder.output_hypernetworks_mlps
        hyper = torch.stack([mlps[i](queries[:, 1 + i]) for i in range(count)], 1)
        masks = self._masks(keys, hyper)
        # The contract has the input; it must not vanish from the graph.
        iou = self.decoder.iou_prediction_head(queries[:, 0]) + 0 * orig_im_size.sum()
        return iou, masks

    def _first(self, tokens: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """The first layer, where all prompts see the same image tokens [1,n,C]."""
        layer = self.transformer.layers[0]
        queries = layer.norm1(layer.self_attn(q=tokens, k=tokens, v=tokens))
        look, back = layer.cross_attn_token_to_image, layer.cross_attn_image_to_token
        h = look.num_heads
        k, v = (heads(p(x), h) for p, x in ((look.k_proj, image + self.pe), (look.v_proj, image)))
        q = heads(look.q_proj(queries + tokens), h)
        # Prompts and their tokens side by side: one product a head.
        b, t, c = q.shape[0], q.shape[2], q.shape[3]
        rows = q.transpose(0, 1).reshape(1, h, -1, c)
        weights = torch.softmax(rows @ k.transpose(2, 3) * c**-0.5, -1)
        seen = (weights @ v).reshape(h, b, t, c).transpose(0, 1)
        queries = layer.norm2(queries + look.out_proj(joined(seen)))
        queries = layer.norm3(queries + layer.mlp(queries))
        q = heads(back.q_proj(image + self.pe), h)
        k = heads(back.k_proj(queries + tokens), h)
        rows = k.transpose(0, 1).reshape(1, h, -1, c)
        scores = (q @ rows.transpose(2, 3)).reshape(h, -1, b, t).permute(2, 1, 0, 3)
        keys = layer.norm4(image + self._told(back, queries, scores * c**-0.5))
        return queries, keys

    def _later(self, layer: nn.Module, queries: Tensor, keys: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        q = queries + tokens
        queries = layer.norm1(queries + layer.self_attn(q=q, k=q, v=queries))
        placed = keys + self.pe
        queries = layer.norm2(queries + self._look(layer.cross_attn_token_to_image, queries + tokens, placed, keys))
        queries = layer.norm3(queries + layer.mlp(queries))
        back = layer.cross_attn_image_to_token
        h = back.num_heads
        k = heads(back.k_proj(queries + tokens), h)
        onto = (k @ weight_by_head(back.q_proj, h)).flatten(1, 2)
        bias = (k * back.q_proj.bias.reshape(1, h, 1, -1)).sum(3).flatten(1).unsqueeze(1)
        scores = placed @ onto.transpose(1, 2) + bias
        scores = scores.reshape(scores.shape[0], scores.shape[1], h, -1) * k.shape[3] ** -0.5
        return queries, layer.norm4(keys + self._told(back, queries, scores))

    def _look(self, attention: nn.Module, q: Tensor, placed: Tensor, keys: Tensor) -> Tensor:
        """Prompt tokens attend to image tokens. A bias of the keys shifts all scores of a row alike and falls out."""
        h = attention.num_heads
        rows = heads(attention.q_proj(q), h)
        t, c = rows.shape[2], rows.shape[3]
        onto = (rows @ weight_by_head(attention.k_proj, h)).flatten(1, 2)
        weights = torch.softmax(onto @ placed.transpose(1, 2) * c**-0.5, -1)
        seen = (weights @ keys).reshape(q.shape[0], h, t, -1)
        seen = seen @ weight_by_head(attention.v_proj, h).transpose(1, 2)
        return attention.out_proj(joined(seen) + attention.v_proj.bias)

    def _told(self, attention: nn.Module, queries: Tensor, scores: Tensor) -> Tensor:
        """Image tokens take what prompt tokens tell: scores [B,n,h,T] to [B,n,C]."""
        h = attention.num_heads
        weights = torch.softmax(scores, -1).flatten(2)
        v = heads(attention.v_proj(queries), h)
        out = attention.out_proj.weight.reshape(attention.embedding_dim, h, -1).permute(1, 2, 0)
        return weights @ (v @ out).flatten(1, 2) + attention.out_proj.bias

    def _masks(self, keys: Tensor, hyper: Tensor) -> Tensor:
        """Two transposed convolutions of stride 2 and kernel 2 as products on tokens, then the masks [B,M,4H,4W]."""
        first, norm, _, second, _ = self.decoder.output_upscaling
        side = int(self.pe.shape[1] ** 0.5)
        b, m = hyper.shape[0], hyper.shape[1]
        x = keys @ first.weight.permute(0, 2, 3, 1).flatten(1)
        c = first.out_channels
        x = x.reshape(b, -1, 4, c) + first.bias
        x = F.gelu(F.layer_norm(x, (c,), norm.weight, norm.bias, norm.eps))
        x = x @ second.weight.permute(0, 2, 3, 1).flatten(1)
        x = F.gelu(x.reshape(b, -1, second.out_channels) + second.bias)
        masks = (hyper @ x.transpose(1, 2)).reshape(b, m, side, side, 2, 2, 2, 2)
        return masks.permute(0, 1, 2, 4, 6, 3, 5, 7).reshape(b, m, 4 * side, 4 * side)


def example(prompts: int, seed: int = 0) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(1, 256, 64, 64, generator=generator),
        torch.rand(prompts, 2, 2, generator=generator) * 1024,
        torch.tensor([[1.0, -1.0]]).repeat(prompts, 1),
        torch.zeros(1, 1, 256, 256),
        torch.zeros(1),
        torch.tensor([64.0, 64.0]),
    )


def export_shared(sam: nn.Module, onnx_model: nn.Module, path: Path) -> float:
    """Write the graph; returns by how much its logits differ from the standard export's, at most."""
    graph = SharedDecoder(sam, onnx_model).eval()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph, example(2), str(path), dynamo=False, opset_version=OPSET, input_names=NAMES,
            output_names=["iou_predictions", "low_res_masks"],
            dynamic_axes={name: {0: "B", 1: "N"} for name in ("point_coords", "point_labels")}
            | {name: {0: "B"} for name in ("iou_predictions", "low_res_masks")},
        )  # fmt: skip
    onnx.checker.check_model(onnx.load(str(path)))
    feed = example(3, seed=1)
    run = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run
    iou, masks = run(None, {name: value.numpy() for name, value in zip(NAMES, feed, strict=True)})
    with torch.no_grad():
        _, want_iou, want = onnx_model(*feed)
    off = max(float(np.abs(masks - want.numpy()).max()), float(np.abs(iou - want_iou.numpy()).max()))
    if off > 2e-3 * max(1.0, float(want.abs().max())):
        raise RuntimeError(f"the graph differs from segment-anything's by {off:.4g}")
    return off


def main() -> None:
    from segment_anything import sam_model_registry
    from segment_anything.utils.onnx import SamOnnxModel

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--model-type", choices=sorted(sam_model_registry), required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    sam = sam_model_registry[args.model_type](checkpoint=str(args.checkpoint)).eval()
    off = export_shared(sam, SamOnnxModel(sam, return_single_mask=False), args.out)
    print(args.out, f"differs from segment-anything's own by {off:.2g} at most")


if __name__ == "__main__":
    main()
