"""Writes table.json: what each file of tiff-conformance must come to, for tests/tiler/tiff-conformance.test.ts.

The pixels are libvips 8.14's (pyvips 3.2), or tifffile 2026.3.3's where libvips does not decode a layout: the SHA-256
of the middle of level 0, 512 px a side at most, as RGB, an alpha laid over white, of 16 bits the upper 8. What must be
refused, and the words that say why, is written here by hand. Run it as

    python make-table.py <data>/slides/tiff-conformance
"""
import hashlib
import json
import pathlib
import sys

import numpy as np
import pyvips
import tifffile

REFUSED = {
    "image-tiff/int16_zstd.tif": "16-bit signed",
    "image-tiff/tiled-oversize-gray-i8.tif": "8-bit signed",
    "large_image/small_la.tiff": "2 grey channels",
    "pillow/child_ifd_jpeg.tiff": "0×0 px",
    "pillow/hopper_lzma.tif": "LZMA",
    "pillow/tiff_tiled_cmyk_jpeg.tif": "CMYK",
    "sharp/G31D.TIF": "CCITT group 3",
    "sharp/G31D_MULTI.TIF": "CCITT group 3",
    "sharp/cielab-dagams.tiff": "CIELab",
    "twelvemonkeys/lzw-long-strings-sample.tif": "CMYK",
    "twelvemonkeys/old-style-jpeg-multiple-strips.tif": "old-style JPEG",
    "twelvemonkeys/quad-lzw.tif": "LZW of before TIFF 6.0",
    "twelvemonkeys/shapes_lzw_predictor3.tif": "32-bit floating point",
}


def middle(width, height):
    w, h = min(width, 512), min(height, 512)
    return (width - w) // 2, (height - h) // 2, w, h


def vips_rgb(path):
    image = pyvips.Image.new_from_file(path, unlimited=True)
    x, y, w, h = middle(image.width, image.height)
    part = image.crop(x, y, w, h)
    if part.format == "ushort":
        part = (part >> 8).cast("uchar")
    if part.bands in (2, 4):
        part = part.flatten(background=255)
    return (x, y, w, h), part.numpy().reshape(h, w, -1), f"libvips {pyvips.version(0)}.{pyvips.version(1)}"


def tifffile_rgb(path):
    with tifffile.TiffFile(path) as tiff:
        pixels = tiff.pages[0].asarray()
        if tiff.pages[0].photometric == tifffile.PHOTOMETRIC.MINISWHITE:
            pixels = 255 - pixels
    if pixels.ndim == 3 and pixels.shape[0] == 3:
        pixels = np.moveaxis(pixels, 0, 2)
    x, y, w, h = middle(pixels.shape[1], pixels.shape[0])
    part = pixels[y : y + h, x : x + w].reshape(h, w, -1)
    if part.shape[2] == 4:
        alpha = part[..., 3:].astype(float)
        part = np.floor(part[..., :3] * alpha / 255 + 255 - alpha + 0.5).astype(np.uint8)
    return (x, y, w, h), part, f"tifffile {tifffile.__version__}"


def main(root):
    table = []
    files = (p for p in sorted(pathlib.Path(root).rglob("*")) if p.suffix.lower() in (".tif", ".tiff"))
    for path in files:
        name = str(path.relative_to(root))
        if name in REFUSED:
            table.append({"file": name, "refused": REFUSED[name]})
            continue
        try:
            box, pixels, oracle = vips_rgb(str(path))
        except pyvips.Error:
            box, pixels, oracle = tifffile_rgb(str(path))
        if pixels.shape[2] < 3:
            pixels = np.repeat(pixels[..., :1], 3, 2)
        digest = hashlib.sha256(np.ascontiguousarray(pixels[..., :3]).tobytes()).hexdigest()
        table.append({"file": name, "oracle": oracle, "box": box, "sha256": digest})
    text = ",\n".join(json.dumps(row, ensure_ascii=False) for row in table)
    (pathlib.Path(__file__).parent / "table.json").write_text(f"[\n{text}\n]\n")
    print(len(table), "files")


if __name__ == "__main__":
    main(sys.argv[1])
