"""Writes profiles.json: ICC profiles of three kinds and what LittleCMS makes of colours with each.

Needs Pillow with LittleCMS (PIL.ImageCms). The colours are a 9×9×9 lattice of the RGB cube and 300 at random;
the target is LittleCMS's own sRGB, the intent perceptual, the depth 8 bits: as `convertToSrgb` is to do it.
The profiles are written here by ICC.1:2010, so nobody's licence is in the way:

- matrix: a display of wide primaries and gamma 1.8, by primaries and curves;
- scanner: class `scnr`, PCS Lab, a device-to-PCS table of 9³ (lut16Type), as slide scanners write it;
- srgb: LittleCMS's own sRGB (conversion changes nothing, or by rounding).
"""

import base64
import io
import json
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms


def s15(value):
    return struct.pack(">i", round(value * 65536))


def text_description(text):
    raw = text.encode("ascii") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(raw)) + raw + b"\0" * (4 + 4 + 2 + 1 + 67)


def xyz(x, y, z):
    return b"XYZ \0\0\0\0" + s15(x) + s15(y) + s15(z)


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def profile(kind, pcs, tags):
    """A version 2 profile of the tags, each padded to four bytes."""
    offset = 128 + 4 + 12 * len(tags)
    table, body = b"", b""
    for name, data in tags:
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"test", 0x02100000, kind, b"RGB ", pcs)
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 24
    header += struct.pack(">I", 0) + s15(0.9642) + s15(1.0) + s15(0.8249)
    header = header.ljust(128, b"\0")
    return header + struct.pack(">I", len(tags)) + table + body


def matrix_profile():
    curve = gamma(1.8)
    return profile(
        b"mntr",
        b"XYZ ",
        [
            (b"desc", text_description("Wide display (test)")),
            (b"cprt", b"text\0\0\0\0CC0\0"),
            (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
            (b"rXYZ", xyz(0.6097, 0.3111, 0.0195)),
            (b"gXYZ", xyz(0.2053, 0.6257, 0.0609)),
            (b"bXYZ", xyz(0.1492, 0.0632, 0.7446)),
            (b"rTRC", curve),
            (b"gTRC", curve),
            (b"bTRC", curve),
        ],
    )


def lab_of(rgb):
    """A made-up scanner: gamma 2 and a mixing of channels, then CIELab by the D50 white."""
    linear = rgb**2.0 @ np.array([[0.46, 0.25, 0.03], [0.36, 0.66, 0.12], [0.1442, 0.09, 0.6749]])
    t = linear / np.array([0.9642, 1.0, 0.8249])
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)


def scanner_profile():
    n = 9
    axis = np.linspace(0, 1, n)
    # The first channel varies least rapidly (ICC.1:2010, 10.10).
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    lab = lab_of(grid)
    # Version 2 Lab in 16 bits: L 0..100 is 0..0xff00, a and b -128..127+255/256 are 0..0xffff.
    coded = np.stack([lab[:, 0] / 100 * 0xFF00, (lab[:, 1] + 128) * 256, (lab[:, 2] + 128) * 256], 1)
    clut = np.clip(np.round(coded), 0, 65535).astype(">u2").tobytes()
    straight = struct.pack(">2H", 0, 65535) * 3
    lut = b"mft2\0\0\0\0" + struct.pack(">4B", 3, 3, n, 0)
    lut += b"".join(s15(v) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1)) + struct.pack(">2H", 2, 2)
    lut += straight + clut + straight
    return profile(
        b"scnr",
        b"Lab ",
        [
            (b"desc", text_description("Made-up scanner (test)")),
            (b"cprt", b"text\0\0\0\0CC0\0"),
            (b"wtpt", xyz(0.9642, 1.0, 0.8249)),
            (b"A2B0", lut),
        ],
    )


def convert(icc, colours):
    picture = Image.fromarray(colours.reshape(1, -1, 3))
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    target = ImageCms.createProfile("sRGB")
    done = ImageCms.profileToProfile(
        picture, source, target, renderingIntent=ImageCms.Intent.PERCEPTUAL, outputMode="RGB"
    )
    return np.asarray(done).reshape(-1, 3)


def main():
    axis = np.round(np.linspace(0, 255, 9)).astype(np.uint8)
    lattice = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    random = np.random.default_rng(7).integers(0, 256, (300, 3), dtype=np.uint8)
    colours = np.concatenate([lattice, random])
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profiles = {"matrix": matrix_profile(), "scanner": scanner_profile(), "srgb": srgb}
    code = lambda data: base64.b64encode(data).decode()
    out = {
        "oracle": f"Pillow {Image.__version__}, LittleCMS {ImageCms.core.littlecms_version}",
        "colours": code(colours.tobytes()),
        "profiles": {
            name: {
                "icc": code(icc),
                "description": ImageCms.getProfileDescription(
                    ImageCms.ImageCmsProfile(io.BytesIO(icc))
                ).strip(),
                "srgb": code(convert(icc, colours).tobytes()),
            }
            for name, icc in profiles.items()
        },
    }
    Path(__file__).with_name("profiles.json").write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
