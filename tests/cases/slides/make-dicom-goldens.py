"""Writes the golden pixels of DICOM slides for tests/tiler/goldens.test.ts, as make-goldens.py does.

The oracle is OpenSlide 4.0.1 where it opens the file. What it refuses (16-bit grey, JPEG-LS, several optical
paths, no image type) is put together here from single frames: pydicom 3.0.2 finds them, imagecodecs 2026.3.6
(libjpeg-turbo, CharLS) decodes them. Needs the data folder; run it as

    python make-dicom-goldens.py <data>/slides [name ...]
"""
import hashlib
import importlib.util
import json
import pathlib
import sys

import imagecodecs
import numpy as np
import pydicom
from pydicom.encaps import generate_frames

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("goldens", HERE / "make-goldens.py")
goldens = importlib.util.module_from_spec(spec)
spec.loader.exec_module(goldens)

OPENSLIDE = "openslide 4.0.1"
FRAMES = "pydicom 3.0.2, imagecodecs 2026.3.6"

# name of the golden file: (path under slides/, oracle, files of the levels where that is a folder)
SLIDES = {
    "dicom-camelyon": ("dicom-google-camelyon/multi_frame_jpeg_camelyon_challenge_image.dcm", OPENSLIDE, None),
    "dicom-camelyon-no-path": ("dicom-google-camelyon/multiframe_camelyon_challenge_image.dcm", OPENSLIDE, None),
    "dicom-one-frame-jpeg": ("dicom-google-camelyon/test_jpeg_dicom.dcm", OPENSLIDE, None),
    "dicom-one-frame-raw": ("dicom-google-camelyon/test_raw_dicom.dcm", OPENSLIDE, None),
    "dicom-jpeg": ("dicom-google-wsi2dcm/jpeg.dicom", OPENSLIDE, None),
    "dicom-jpeg2000": ("dicom-google-wsi2dcm/jpeg2000.dicom", OPENSLIDE, None),
    "dicom-raw": ("dicom-google-wsi2dcm/raw.dicom", OPENSLIDE, None),
    "dicom-boxes": ("openslide-python-boxes/boxes_0.dcm", OPENSLIDE, None),
    "dicom-boxes-by-thumbnail": ("openslide-python-boxes/boxes_1.dcm", OPENSLIDE, None),
    "dicom-small-tiles": ("dicom-highdicom/sm_image.dcm", OPENSLIDE, None),
    "dicom-numbers": ("dicom-highdicom/sm_image_numbers.dcm", OPENSLIDE, None),
    "dicom-dots": ("dicom-highdicom/sm_image_dots.dcm", OPENSLIDE, None),
    "dicom-control": ("dicom-highdicom/sm_image_control.dcm", OPENSLIDE, None),
    "dicom-grey-16": ("dicom-highdicom/sm_image_grayscale.dcm", FRAMES, None),
    "dicom-grey-16-reversed": ("dicom-highdicom/sm_image_grayscale_reversed.dcm", FRAMES, None),
    "dicom-jpeg-ls": ("dicom-highdicom/sm_image_jpegls.dcm", FRAMES, None),
    "dicom-jpeg-ls-no-table": ("dicom-highdicom/sm_image_jpegls_nobot.dcm", FRAMES, None),
    "dicom-no-image-type": ("dicom-pathml/small_dicom.dcm", FRAMES, None),
    "dicom-fluorescence": ("dicom-wg26-bpaec", FRAMES, ["5_0", "6_0", "7_0", "8_0", "9_0", "10_0", "11_0", "12_0"]),
}

# What the palettes of the three optical paths give to full brightness.
COLORS = {"Green": (0, 255, 0), "Blue": (0, 0, 255), "Red": (255, 0, 0)}


def frames_of(data):
    count = int(data.NumberOfFrames)
    syntax = data.file_meta.TransferSyntaxUID
    if not syntax.is_compressed:
        bits, samples = data.BitsAllocated, data.SamplesPerPixel
        pixels = np.frombuffer(data.PixelData, np.uint16 if bits == 16 else np.uint8)
        return pixels[: count * data.Rows * data.Columns * samples].reshape(count, data.Rows, data.Columns, samples)
    decode = imagecodecs.jpegls_decode if syntax.name.startswith("JPEG-LS") else imagecodecs.jpeg8_decode
    frames = [decode(frame) for frame in generate_frames(data.PixelData, number_of_frames=count)]
    return np.stack(frames).reshape(count, data.Rows, data.Columns, -1)


def level_of(path):
    """The level's RGB: TILED_FULL, optical paths one after the other, added up in their colours."""
    data = pydicom.dcmread(path)
    height, width = data.TotalPixelMatrixRows, data.TotalPixelMatrixColumns
    frames = frames_of(data)
    columns, rows = -(-width // data.Columns), -(-height // data.Rows)
    planes = []
    for first in range(0, len(frames), columns * rows):
        tiles = frames[first : first + columns * rows]
        plane = tiles.reshape(rows, columns, data.Rows, data.Columns, -1).swapaxes(1, 2)
        plane = plane.reshape(rows * data.Rows, columns * data.Columns, -1)[:height, :width]
        if plane.dtype == np.uint16:
            plane = np.rint(plane * (255 / 65535)).astype(np.uint8)
        planes.append(plane)
    if len(planes) == 1:
        return planes[0] if planes[0].shape[2] == 3 else np.repeat(planes[0], 3, 2)
    total = np.zeros((height, width, 3))
    for plane, item in zip(planes, data.OpticalPathSequence):
        total += plane / 255 * np.array(COLORS[item.OpticalPathDescription])
    return np.rint(np.clip(total, 0, 255)).astype(np.uint8)


def main(root, names):
    for name, (file, oracle, parts) in SLIDES.items():
        if names and name not in names:
            continue
        path = pathlib.Path(root) / file
        if oracle == OPENSLIDE:
            levels, downsamples = goldens.openslide_levels(str(path), None)
        else:
            levels = [level_of(path / part) for part in parts] if parts else [level_of(path)]
            h, w = levels[0].shape[:2]
            downsamples = [(w / p.shape[1] + h / p.shape[0]) / 2 for p in levels]
        golden = {
            "file": file,
            "oracle": oracle,
            "levels": [
                {"width": p.shape[1], "height": p.shape[0], "downsample": d} for p, d in zip(levels, downsamples)
            ],
            "regions": [
                {
                    "level": i,
                    "box": box,
                    "sha256": hashlib.sha256(goldens.crop(p, *box).tobytes()).hexdigest(),
                }
                for i, p in enumerate(levels)
                for box in goldens.boxes(p.shape[1], p.shape[0])
            ],
        }
        (HERE / f"{name}.json").write_text(json.dumps(golden, indent=1) + "\n")
        print(name, oracle, len(golden["regions"]))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
