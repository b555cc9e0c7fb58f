"""OpenSlide through its C function: premultiplied ARGB into a buffer that is used again and again.

Nothing is converted unless the job asks for a hash or another size, so this is the least that
OpenSlide can take. Its cache is its own default.
"""

import ctypes
import hashlib

import numpy as np
import openslide
from openslide import lowlevel

from jobs import in_lanes, serve

# A lazily bound ctypes function of openslide-python; it releases the interpreter's lock.
read_region = lowlevel._read_region


def work(job):
    slide = openslide.OpenSlide(job["slide"])
    handle, level = slide._osr, job["level"]
    downsample = slide.level_downsamples[level]
    out = job["out"]

    def make_reader():
        buffers = {}

        def read(box):
            x, y, width, height = box
            buffer = buffers.setdefault((width, height), (ctypes.c_uint32 * (width * height))())
            at = (round(x * downsample), round(y * downsample))
            read_region(handle, buffer, *at, level, width, height)
            if not (out or job["hash"]):
                return None
            argb = np.frombuffer(buffer, np.uint8).reshape(height, width, 4)
            rgb = np.ascontiguousarray(argb[:, :, 2::-1])
            if out:
                from PIL import Image

                # BILINEAR of Pillow is widened when it shrinks: a low-pass, as microtome's is.
                picture = Image.fromarray(rgb).resize(out, Image.Resampling.BILINEAR)
                rgb = np.asarray(picture)
            return hashlib.sha256(rgb.tobytes()).hexdigest() if job["hash"] else None

        return read

    found = in_lanes(job["boxes"], job["streams"], make_reader)
    slide.close()
    return {"sha256": found if job["hash"] else []}


serve(openslide.__library_version__, work)
