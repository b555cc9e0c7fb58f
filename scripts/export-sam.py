"""Exports a SAM checkpoint to the two graphs of the `sam-meta` contract, and describes them for microtome.

    pip install torch torchvision onnx onnxscript segment-anything==1.0
    python export-sam.py --type vit_b --checkpoint sam_vit_b_01ec64.pth --out my-sam
    python export-sam.py --stand-in --out stand-in            # random weights of SAM's form, to try the way

The prompt axis of the decoder stays open, so that a grid of points costs one call for 16 of them. `--external` puts the
encoder's weights in a file of their own, which workers share. `--tiny` is for microtome's own tests.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import onnx
import torch
from segment_anything import sam_model_registry
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer
from segment_anything.utils.onnx import SamOnnxModel


class PatchEncoder(torch.nn.Module):
    """The least that is an encoder: one convolution, 1024 px to 64 cells."""

    img_size = 1024

    def __init__(self, width):
        super().__init__()
        self.project = torch.nn.Conv2d(3, width, 16, 16)

    def forward(self, image):
        return self.project(image)


def random_sam(width, encoder, heads, hidden):
    """A SAM of SAM's own parts with random weights."""
    torch.manual_seed(3)
    return Sam(
        image_encoder=encoder,
        prompt_encoder=PromptEncoder(
            embed_dim=width, image_embedding_size=(64, 64), input_image_size=(1024, 1024), mask_in_chans=16
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=3,
            transformer=TwoWayTransformer(depth=2, embedding_dim=width, mlp_dim=hidden, num_heads=heads),
            transformer_dim=width,
            iou_head_depth=3,
            iou_head_hidden_dim=width,
        ),
    ).eval()


def stand_in():
    """Decoder and prompt encoder of SAM's exact shape, a vision transformer of two blocks instead of twelve."""
    torch.manual_seed(3)
    encoder = ImageEncoderViT(
        depth=2,
        embed_dim=192,
        img_size=1024,
        mlp_ratio=4,
        norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
        num_heads=3,
        patch_size=16,
        qkv_bias=True,
        use_rel_pos=True,
        global_attn_indexes=[1],
        window_size=14,
        out_chans=256,
    )
    return random_sam(256, encoder, 8, 2048)


def tiny():
    torch.manual_seed(3)
    return random_sam(16, PatchEncoder(16), 2, 32)


class Decoder(SamOnnxModel):
    """Low-resolution masks and their predicted IoU for any number of prompts; no enlarging, which microtome does itself."""

    @torch.no_grad()
    def forward(self, image_embeddings, point_coords, point_labels, mask_input, has_mask_input, orig_im_size):
        sparse = self._embed_points(point_coords, point_labels)
        dense = self._embed_masks(mask_input, has_mask_input)
        decoder = self.model.mask_decoder
        tokens = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
        tokens = tokens.unsqueeze(0).expand(sparse.shape[0], -1, -1)
        tokens = torch.cat([tokens, sparse], 1)
        # As MaskDecoder.predict_masks, but repeated by expanding: its repeat_interleave fixes the number of prompts.
        source = (image_embeddings + dense).expand(sparse.shape[0], -1, -1, -1)
        position = self.model.prompt_encoder.get_dense_pe().expand(sparse.shape[0], -1, -1, -1)
        hidden, source = decoder.transformer(source, position, tokens)
        source = source.transpose(1, 2).reshape(-1, decoder.transformer_dim, 64, 64)
        upscaled = decoder.output_upscaling(source)
        heads = decoder.output_hypernetworks_mlps
        weights = torch.stack([head(hidden[:, 1 + i]) for i, head in enumerate(heads)], 1)
        masks = (weights @ upscaled.flatten(2)).reshape(-1, len(heads), 256, 256)
        # The contract has this input; nothing here needs it.
        masks = masks + 0.0 * orig_im_size.sum()
        return decoder.iou_prediction_head(hidden[:, 0]), masks


def export(sam, out, external):
    out.mkdir(parents=True, exist_ok=True)
    width = sam.mask_decoder.transformer_dim
    options = dict(opset_version=18, dynamo=False)
    with torch.no_grad():
        torch.onnx.export(
            sam.image_encoder,
            (torch.zeros(1, 3, 1024, 1024),),
            str(out / "encoder.onnx"),
            input_names=["input_image"],
            output_names=["image_embeddings"],
            **options,
        )
        torch.onnx.export(
            Decoder(sam, return_single_mask=False),
            (
                torch.randn(1, width, 64, 64),
                torch.rand(3, 4, 2) * 1024,
                torch.tensor([[1.0, 0, -1, 2]] * 3),
                torch.randn(1, 1, 256, 256),
                torch.ones(1),
                torch.tensor([1024.0, 1024]),
            ),
            str(out / "decoder.onnx"),
            input_names=[
                "image_embeddings", "point_coords", "point_labels", "mask_input", "has_mask_input", "orig_im_size"
            ],
            output_names=["iou_predictions", "low_res_masks"],
            dynamic_axes={
                **{name: {0: "B", 1: "N"} for name in ("point_coords", "point_labels")},
                **{name: {0: "B"} for name in ("iou_predictions", "low_res_masks")},
            },
            **options,
        )
    if external:
        model = onnx.load(out / "encoder.onnx")
        onnx.save_model(
            model, out / "encoder.onnx", save_as_external_data=True, all_tensors_to_one_file=True,
            location="encoder.onnx.data",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--type", choices=["vit_b", "vit_l", "vit_h"], default="vit_b")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--stand-in", action="store_true")
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name")
    parser.add_argument("--licence", default="Apache-2.0")
    parser.add_argument("--medsam", action="store_true", help="weights that were trained as MedSAM's")
    parser.add_argument("--external", action="store_true")
    args = parser.parse_args()
    if args.tiny or args.stand_in:
        sam = tiny() if args.tiny else stand_in()
    elif args.checkpoint:
        sam = sam_model_registry[args.type](checkpoint=str(args.checkpoint)).eval()
    else:
        parser.error("--checkpoint FILE is missing (or --stand-in)")
    export(sam, args.out, args.external)
    described = {
        "name": args.name or args.out.name,
        "version": "1",
        "contract": "sam-meta",
        "tasks": ["nuclei", "tumor", "tissue"],
        "files": {half: {"path": f"{half}.onnx"} for half in ("encoder", "decoder")},
        **({"preprocess": "medsam"} if args.medsam else {}),
        "grid": {"pointsPerSide": 32, "predictedIouThreshold": 0.6, "stabilityScoreThreshold": 0.6},
        "licence": args.licence,
    }
    (args.out / "model.json").write_text(json.dumps(described, indent=2) + "\n")


if __name__ == "__main__":
    main()
