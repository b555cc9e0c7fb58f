"""Writes cases.json: small damaged and hostile files, and the error each must end in.

Every case is a few hundred bytes at most, base64, with a file name, the code of the error, words
its message must hold, and whether opening or reading a region raises it. Standard library only:
python make-cases.py
"""
import base64
import json
import pathlib
import struct
import zlib

SHORT, LONG, LONG8 = 3, 4, 16
SIZES = {SHORT: 2, LONG: 4, LONG8: 8, 1: 1, 2: 1, 7: 1}
FORMATS = {SHORT: "H", LONG: "I", LONG8: "Q", 1: "B", 2: "B", 7: "B"}


def tiff(tags, blocks=(), next_offset=0, at=8):
    """A little-endian TIFF of one directory; `blocks` follow it, their offsets put into tag 324."""
    tags = dict(tags)
    if blocks:
        tags.setdefault(325, (LONG, [len(b) for b in blocks]))
        tags.setdefault(324, (LONG, [0] * len(blocks)))
    count = len(tags)
    extra_at = at + 2 + 12 * count + 4
    extra = b""
    block_at = extra_at + sum(
        SIZES[t] * len(v) for t, v in tags.values() if SIZES[t] * len(v) > 4
    )
    if blocks and tags[324][1] == [0] * len(blocks):
        offsets, p = [], block_at
        for b in blocks:
            offsets.append(p)
            p += len(b)
        tags[324] = (LONG, offsets)
    out = struct.pack("<H", count)
    for tag, (kind, values) in sorted(tags.items()):
        raw = struct.pack(f"<{len(values)}{FORMATS[kind]}", *values)
        if len(raw) <= 4:
            raw = raw.ljust(4, b"\0")
        else:
            extra, raw = extra + raw, struct.pack("<I", extra_at + len(extra))
        out += struct.pack("<HHI", tag, kind, len(values)) + raw
    out += struct.pack("<I", next_offset)
    return b"II*\0" + struct.pack("<I", at) + out + extra + b"".join(blocks)


def base(width=64, height=64, tile=64, compression=1, **changes):
    tags = {
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [8, 8, 8]),
        259: (SHORT, [compression]),
        262: (SHORT, [2]),
        277: (SHORT, [3]),
        322: (LONG, [tile]),
        323: (LONG, [tile]),
    }
    for key, value in changes.items():
        tags[int(key[1:])] = value
    return tags


def png_claiming(width, height):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    ihdr = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", ihdr) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def jpeg_claiming(width, height):
    sof = struct.pack(">BHHBBBBBBBBB", 8, height, width, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11) + b"\0"
    return b"\xff\xd8\xff\xc0" + struct.pack(">H", len(sof) + 2) + sof + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00\xff\xd9"


OPEN, READ = "open", "read"
CORRUPT, UNSUPPORTED = "corrupt-slide", "unsupported-slide"
tile = bytes(64 * 64 * 3)
small = bytes(16 * 16 * 3)
bigtiff = b"II+\0" + struct.pack("<HHQ", 8, 0, 2**63 + 5)



def codestream(width, height, step=None):
    """A JPEG 2000 codestream of three components whose one tile part is empty."""
    siz = struct.pack(">HIIIIIIIIH", 0, width, height, 0, 0, step or width, step or height, 0, 0, 3) + b"\7\1\1" * 3
    cod = b"\0\0\0\1\0\1\4\4\0\1"
    parts = b"".join(
        b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
        for marker, body in [(0x51, siz), (0x52, cod), (0x5C, b"\x40" + b"\x48" * 4), (0x90, struct.pack(">HIBB", 0, 0, 0, 1))]
    )
    return b"\xff\x4f" + parts + b"\xff\x93\xff\xd9"


def zstd(window, blocks):
    return b"\x28\xb5\x2f\xfd\0" + bytes([window]) + blocks


CASES = [
    ("empty.svs", b"", OPEN, UNSUPPORTED, "is empty"),
    ("text.svs", b"Dear pathologist, this is not a slide.\n" * 20, OPEN, UNSUPPORTED, "a text file"),
    ("noise.svs", bytes((i * 197 + 31) % 256 for i in range(300)), OPEN, UNSUPPORTED, "no format that is known"),
    ("header-only.tif", b"II*\0\x08\0\0\0", OPEN, CORRUPT, "cut short"),
    ("half-a-header.tif", b"II*\0\x08\0\0", OPEN, UNSUPPORTED, "no format that is known"),
    ("no-directory.tif", b"II*\0" + bytes(8), OPEN, CORRUPT, "points to no directory"),
    ("bigtiff-offset-2e63.tif", bigtiff, OPEN, CORRUPT, "needs bytes"),
    ("directory-beyond-end.svs", b"II*\0" + struct.pack("<I", 5_000_000) + bytes(50), OPEN, CORRUPT, "needs bytes 5000000"),
    ("next-beyond-end.tif", tiff(base(16, 16, 16), [small], next_offset=9_999_999), OPEN, CORRUPT, "directory 1"),
    ("directory-loop.tif", tiff(base(16, 16, 16), [small], next_offset=8), OPEN, CORRUPT, "loop"),
    ("subdirectory-loop.tif", tiff(base(16, 16, 16, _330=(LONG, [8])), [small]), OPEN, CORRUPT, "loop"),
    ("65535-tags.tif", b"II*\0\x08\0\0\0\xff\xff" + bytes(40), OPEN, CORRUPT, "needs bytes"),
    ("no-size.tif", tiff(base(0, 64), [tile]), OPEN, CORRUPT, "0×64"),
    ("two-thousand-million-wide.tif", tiff(base(2**31, 2**31), [tile]), OPEN, CORRUPT, "2147483648×2147483648"),
    ("tile-60000.tif", tiff(base(64, 64, 60000), [tile]), OPEN, UNSUPPORTED, "60000×60000"),
    ("tile-0.tif", tiff(base(64, 64, 0), [tile]), OPEN, CORRUPT, "0×0"),
    ("millions-of-tiles.tif", tiff(base(2**24, 2**24, 16), [small]), OPEN, CORRUPT, "tiles"),
    ("too-few-tiles.tif", tiff(base(128, 128), [tile]), OPEN, CORRUPT, "1 tile offsets where its size asks for 4"),
    ("tile-beyond-end.svs", tiff(base(_324=(LONG, [100_000]), _325=(LONG, [12288]))), OPEN, CORRUPT, "it is cut short"),
    ("values-beyond-end.tif", tiff(base(_324=(LONG, [4]))).replace(struct.pack("<HHI", 258, 3, 3), struct.pack("<HHI", 258, 3, 999)), OPEN, CORRUPT, "tag 258"),
    ("four-thousand-million-values.tif", tiff(base()).replace(struct.pack("<HHI", 258, 3, 3), struct.pack("<HHI", 258, 4, 2**32 - 1)), OPEN, CORRUPT, "tag 258 claims"),
    ("short-tile.tif", tiff(base(), [tile[:500]]), READ, CORRUPT, "cannot hold"),
    ("deflate-noise.tif", tiff(base(compression=8), [b"not zlib at all"]), READ, CORRUPT, "tile 0,0"),
    ("deflate-bomb.tif", tiff(base(16, 16, 16, compression=8), [zlib.compress(bytes(2_000_000), 9)]), READ, CORRUPT, "tile 0,0"),
    ("lzw-of-before-its-code.tif", tiff(base(16, 16, 16, compression=5), [b"\x80\x7f\xff\xff\xff\xff"]), READ, CORRUPT, "LZW code"),
    ("jpeg-noise.tif", tiff(base(compression=7), [b"\xff\xd8 is all there is"]), READ, CORRUPT, "no JPEG stream"),
    ("jpeg-claims-65000.tif", tiff(base(compression=7), [jpeg_claiming(65000, 65000)]), READ, CORRUPT, "pixel limit"),
    ("jpeg-2000-noise.svs", tiff(base(compression=33005), [tile]), READ, CORRUPT, "no JPEG 2000 codestream"),
    ("jpeg-2000-claims-60000.svs", tiff(base(compression=33003), [codestream(60000, 60000)]), READ, CORRUPT, "more than the 67108864 samples"),
    ("jpeg-2000-other-size.svs", tiff(base(compression=33005), [codestream(1000, 1000)]), READ, CORRUPT, "at most 16384 px were expected"),
    ("jpeg-2000-tile-a-pixel.svs", tiff(base(compression=33005), [codestream(64, 65, step=1)]), READ, CORRUPT, "cut into 4160 tiles"),
    ("jpeg-2000-empty.svs", tiff(base(compression=33005), [codestream(64, 64)]), READ, CORRUPT, "OpenJPEG"),
    ("jpeg-2000-in-endless-box.tif", tiff(base(compression=34712), [b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\1jp2c" + b"\xff" * 8]), READ, CORRUPT, "no JPEG 2000 codestream"),
    ("zstd-noise.tif", tiff(base(compression=50000), [tile]), READ, CORRUPT, "no Zstandard frame"),
    ("zstd-window-2-gib.tif", tiff(base(compression=50000), [zstd(0xA8, b"\3\0\0\0")]), READ, CORRUPT, "0 bytes of samples"),
    ("zstd-bomb.tif", tiff(base(compression=50000), [zstd(0x30, (b"\2\0\x10\0" * 1000) + b"\3\0\x10\0")]), READ, CORRUPT, "more than the 12288 bytes"),
    ("zstd-claims-4-gib.tif", tiff(base(compression=50000), [b"\x28\xb5\x2f\xfd\xa0\xff\xff\xff\xff\3\0\x10\0"]), READ, CORRUPT, "claims 4294967295 bytes"),
    ("zstd-cut.tif", tiff(base(compression=50000), [zstd(0x30, b"\0\0\x10")]), READ, CORRUPT, "cut short"),
    ("unknown-compression.tif", tiff(base(compression=4242), [tile]), OPEN, UNSUPPORTED, "TIFF compression 4242"),
    ("sixteen-bit-half-there.tif", tiff(base(_258=(SHORT, [16, 16, 16])), [tile]), READ, CORRUPT, "cannot hold the 24576 bytes"),
    ("twelve-bit.tif", tiff(base(_258=(SHORT, [12, 12, 12])), [tile]), OPEN, UNSUPPORTED, "12-bit"),
    ("palette.tif", tiff(base(_262=(SHORT, [3])), [tile]), OPEN, UNSUPPORTED, "palette"),
    ("planes.tif", tiff(base(_284=(SHORT, [2])), [tile]), OPEN, CORRUPT, "1 tile offsets where its size asks for 3"),
    ("thousands-of-planes.tif", tiff(base(_284=(SHORT, [2]), _277=(SHORT, [65535])), [tile]), OPEN, UNSUPPORTED, "65535 samples a pixel"),
    ("raw-ycbcr.tif", tiff(base(_262=(SHORT, [6])), [tile]), OPEN, UNSUPPORTED, "YCbCr is read from JPEG"),
    ("png-100000.png", png_claiming(100_000, 100_000), OPEN, UNSUPPORTED, "100000×100000"),
    ("png-short.png", png_claiming(100, 100), READ, CORRUPT, "cannot be decoded"),
    ("png-cut.png", png_claiming(100, 100)[:20], OPEN, CORRUPT, "cannot be decoded"),
    ("jpeg-cut.jpg", jpeg_claiming(64, 64)[:14], OPEN, CORRUPT, "cannot be decoded"),
    ("dicom.dcm", bytes(128) + b"DICM" + bytes(60), OPEN, CORRUPT, "names no transfer syntax"),
    ("picture.mrxs", jpeg_claiming(64, 64), OPEN, UNSUPPORTED, "MIRAX"),
]


def ndpi(width=64, height=64, jpeg=b"", **changes):
    """Hamamatsu's layout: a JPEG, its directory with a 64-bit link to the next, a high word for each tag."""
    tags = {
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [8]),
        259: (SHORT, [7]),
        273: (LONG, [12]),
        279: (LONG, [len(jpeg)]),
        65420: (SHORT, [1]),
        65421: (SHORT, [40]),
    }
    tags.update({int(key[1:]): value for key, value in changes.items()})
    out = struct.pack("<H", len(tags))
    for tag, (kind, values) in sorted(tags.items()):
        out += struct.pack("<HHI", tag, kind, len(values))
        out += struct.pack(f"<{FORMATS[kind]}", values[0]).ljust(4, b"\0")
    out += struct.pack("<Q", 0) + bytes(4 * len(tags))
    return b"II*\0" + struct.pack("<Q", 12 + len(jpeg)) + jpeg + out


def restart_jpeg(width, height, interval, coded=b""):
    """A JPEG header that promises a marker every `interval` MCUs of 8x8."""
    sof = struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0)
    return (
        b"\xff\xd8\xff\xc0" + struct.pack(">H", len(sof) + 2) + sof
        + b"\xff\xdd\x00\x04" + struct.pack(">H", interval)
        + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + coded + b"\xff\xd9"
    )


rows = restart_jpeg(64, 64, 8)
# The number of McuStarts, as it stands in a file, for one of 2**32 - 1.
claims_starts = ndpi(jpeg=rows, _65426=(LONG, [12])).replace(
    struct.pack("<HHI", 65426, LONG, 1), struct.pack("<HHI", 65426, LONG, 2**32 - 1)
)

CASES += [
    ("ndpi-no-jpeg.ndpi", ndpi(jpeg=b"nothing of a JPEG"), OPEN, CORRUPT, "no JPEG stream"),
    ("ndpi-ordinary-tiff.ndpi", tiff(base(_65420=(LONG, [1])), [tile]), OPEN, CORRUPT, "no directory is a level"),
    ("ndpi-endless-segment.ndpi", ndpi(jpeg=b"\xff\xd8\xff\xe0\x00\x00\xff\xe0"), OPEN, CORRUPT, "no JPEG stream"),
    ("ndpi-beyond-end.ndpi", ndpi(jpeg=rows, _279=(LONG, [2**32 - 1])), OPEN, CORRUPT, "needs bytes"),
    ("ndpi-two-thousand-million.ndpi", ndpi(2**31, 2**31, rows), OPEN, CORRUPT, "2147483648×2147483648"),
    ("ndpi-size-contradicts.ndpi", ndpi(640, 64, rows), OPEN, CORRUPT, "its JPEG 64×64"),
    ("ndpi-huge-unbroken.ndpi", ndpi(200_000, 100_000, restart_jpeg(0, 0, 0)), OPEN, UNSUPPORTED, "without restart markers"),
    ("ndpi-markers-within-rows.ndpi", ndpi(200_000, 100_000, restart_jpeg(0, 0, 7)), OPEN, UNSUPPORTED, "without restart markers"),
    ("ndpi-millions-of-intervals.ndpi", ndpi(2**24, 2**24, restart_jpeg(0, 0, 1)), OPEN, CORRUPT, "restart intervals"),
    ("ndpi-markers-missing.ndpi", ndpi(jpeg=rows), READ, CORRUPT, "restart markers are not there"),
    ("ndpi-starts-of-4-thousand-million.ndpi", claims_starts, READ, CORRUPT, "tag 65426 claims"),
    ("ndpi-interval-of-noise.ndpi", ndpi(64, 8, restart_jpeg(64, 8, 8, bytes(range(100)))), READ, CORRUPT, "cannot be decoded"),
    ("ndpi-jpeg-xr.ndpi", ndpi(jpeg=rows, _259=(SHORT, [22610])), OPEN, UNSUPPORTED, "TIFF compression 22610"),
]


def described(text, **changes):
    """A sound picture whose ImageDescription is `text`."""
    return tiff(base(_270=(2, list(text.encode() + b"\0")), **changes), [tile])


def scn(inside, size="sizeX='16000' sizeY='16000'"):
    return described(f"<scn xmlns='http://www.leica-microsystems.com/scn/2010/10/01'><collection {size}>{inside}</collection></scn>")


def area(dimension="<dimension r='0' ifd='0'/>", view="sizeX='8000' sizeY='8000'"):
    return f"<image><pixels>{dimension}</pixels><view {view}/></image>"


def bif(encode, scan="<iScan ScanRes='0.5' Magnification='20'/>"):
    level = b"level=0 mag=20 quality=90\0"
    return tiff(base(_270=(2, list(level)), _700=(1, list((f"<x>{scan}{encode}</x>").encode()))), [tile])


def encode_info(inside, origin="<AOI0 OriginX='0' OriginY='0'/>"):
    return f"<EncodeInfo Ver='2'><SlideStitchInfo>{inside}</SlideStitchInfo><AoiOrigin>{origin}</AoiOrigin></EncodeInfo>"


philips = "<DataObject ObjectType=\"DPUfsImport\">"
lol = "<!DOCTYPE lolz [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY {b} '&{a};&{a};&{a};&{a};'>" for a, b in zip("abcdefg", "bcdefgh")) + "]>"
CASES += [
    ("scn-bomb.scn", described(lol + "<scn xmlns='http://www.leica-microsystems.com/scn/2010/10/01'>&h;</scn>"), OPEN, CORRUPT, "document type"),
    ("scn-nested.scn", scn("<a>" * 5000), OPEN, CORRUPT, "ested"),
    ("scn-five-million-tags.scn", scn("<a/>" * 1_200_000), OPEN, CORRUPT, "characters, more than"),
    ("scn-empty.scn", scn(""), OPEN, CORRUPT, "no scanned area"),
    ("scn-no-size.scn", scn(area(), "sizeX='0' sizeY='-5'"), OPEN, CORRUPT, "no size"),
    ("scn-no-view.scn", scn("<image><pixels/></image>"), OPEN, CORRUPT, "no view"),
    ("scn-directory-99.scn", scn(area("<dimension ifd='99'/>")), OPEN, CORRUPT, "directory 99"),
    ("scn-directory-of-words.scn", scn(area("<dimension ifd='1e999'/>")), OPEN, CORRUPT, "names no directory"),
    ("scn-of-a-light-year.scn", scn(area(), "sizeX='1e25' sizeY='1e25'"), OPEN, CORRUPT, "claims a slide of"),
    ("scn-of-a-football-field.scn", scn(area(), "sizeX='131072000' sizeY='131072000'"), OPEN, CORRUPT, "claims a slide of 1048576×1048576"),
    ("scn-of-a-thousand-images.scn", scn(area() * 1100), OPEN, CORRUPT, "1100 images"),
    ("bif-bomb.bif", bif("", lol + "<iScan>&h;</iScan>"), OPEN, CORRUPT, "document type"),
    ("bif-no-areas.bif", bif(encode_info("")), OPEN, UNSUPPORTED, "names no scanned area"),
    ("bif-of-1e9-tiles.bif", bif(encode_info("<ImageInfo NumCols='1000000' NumRows='1000000' Width='64' Height='64'/>")), OPEN, UNSUPPORTED, "outside of the 1×1 tiles"),
    ("bif-of-no-tiles.bif", bif(encode_info("<ImageInfo NumCols='-3' NumRows='1e400' Width='64' Height='64'/>")), OPEN, UNSUPPORTED, 'NumRows="1e400"'),
    ("bif-far-away.bif", bif(encode_info("<ImageInfo NumCols='1' NumRows='1' Width='64' Height='64' Pos-X='1e12' Pos-Y='-1e12'/>")), OPEN, UNSUPPORTED, "places tiles on"),
    ("bif-no-level.bif", tiff(base(_700=(1, list(b"<iScan/>"))), [tile]), OPEN, CORRUPT, "level=0"),
    ("bif-not-closed.bif", bif("", "<iScan"), OPEN, CORRUPT, "no iScan element"),
    ("philips-bomb.tiff", described(lol + philips + "&h;</DataObject>"), OPEN, CORRUPT, "document type"),
    ("philips-strips.tiff", tiff({k: v for k, v in base(_270=(2, list(philips.encode() + b"\0")), _273=(LONG, [8]), _279=(LONG, [9])).items() if k not in (322, 323)}), OPEN, CORRUPT, "is not tiled"),
    ("philips-tile-beyond-end.tiff", described(philips + "</DataObject>", _324=(LONG, [2**31]), _325=(LONG, [12288])), OPEN, CORRUPT, "it is cut short"),
]

series = 0


def element(tag, vr, value):
    """One data element of explicit VR little endian."""
    if isinstance(value, str):
        value = value.encode() + (b"\0" if len(value) % 2 else b"")
    elif isinstance(value, int):
        value = struct.pack("<H" if vr == "US" else "<I", value)
    long = vr in ("OB", "OW", "SQ", "UN")
    head = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    return head + (struct.pack("<HI", 0, len(value)) if long else struct.pack("<H", len(value))) + value


def dicom(pixels=b"", syntax="1.2.840.10008.1.2.1", **changes):
    """A whole-slide file of one 8x8 RGB frame; `pixels` is all that follows the other elements."""
    global series
    series += 1
    elements = {
        "x00080008": ("CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE"),
        "x00080016": ("UI", "1.2.840.10008.5.1.4.1.1.77.1.6"),
        "x00080060": ("CS", "SM"),
        "x0020000e": ("UI", f"1.2.3.{series}"),
        "x00209311": ("CS", "TILED_FULL"),
        "x00280002": ("US", 3),
        "x00280004": ("CS", "RGB"),
        "x00280008": ("IS", "1"),
        "x00280010": ("US", 8),
        "x00280011": ("US", 8),
        "x00280100": ("US", 8),
        "x00280101": ("US", 8),
        "x00280103": ("US", 0),
        "x00480006": ("UL", 8),
        "x00480007": ("UL", 8),
    } | changes
    body = b"".join(element(int(tag[1:], 16), *value) for tag, value in sorted(elements.items()))
    return bytes(128) + b"DICM" + element(0x00020010, "UI", syntax) + body + pixels


def fragments(*items, end=True):
    def fragment(body):
        return struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body

    head = struct.pack("<HH", 0x7FE0, 0x10) + b"OB" + struct.pack("<HI", 0, 2**32 - 1)
    return head + b"".join(map(fragment, (b"", *items))) + (struct.pack("<HHI", 0xFFFE, 0xE0DD, 0) if end else b"")


raw = element(0x7FE00010, "OB", bytes(192))
jpeg, rle = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"
undefined = struct.pack("<HI", 0, 2**32 - 1)
sequence = struct.pack("<HH", 0x0040, 0x0560) + b"SQ" + undefined
nested = (struct.pack("<HHI", 0xFFFE, 0xE000, 2**32 - 1) + sequence) * 50_000
CASES += [
    ("dicom-big-endian.dcm", dicom(raw, "1.2.840.10008.1.2.2"), OPEN, UNSUPPORTED, "big endian"),
    ("dicom-deflated.dcm", dicom(raw, "1.2.840.10008.1.2.1.99"), OPEN, UNSUPPORTED, "deflated"),
    ("dicom-segmentation.dcm", dicom(raw, x00080016=("UI", "1.2.840.10008.5.1.4.1.1.66.4")), OPEN, UNSUPPORTED, "a segmentation"),
    ("dicom-ct.dcm", dicom(raw, x00080016=("UI", "1.2.840.10008.5.1.4.1.1.2")), OPEN, UNSUPPORTED, "a CT image"),
    ("dicom-label.dcm", dicom(raw, x00080008=("CS", "ORIGINAL\\PRIMARY\\LABEL\\NONE")), OPEN, UNSUPPORTED, "label image"),
    ("dicom-lossless-jpeg.dcm", dicom(fragments(b"x"), "1.2.840.10008.1.2.4.70"), OPEN, UNSUPPORTED, "lossless JPEG"),
    ("dicom-cmyk.dcm", dicom(raw, x00280004=("CS", "CMYK")), OPEN, UNSUPPORTED, "its colours are CMYK"),
    ("dicom-signed.dcm", dicom(raw, x00280103=("US", 1)), OPEN, UNSUPPORTED, "signed"),
    ("dicom-32-bits.dcm", dicom(raw, x00280100=("US", 32)), OPEN, UNSUPPORTED, "8 bits of 32"),
    ("dicom-frame-65535.dcm", dicom(raw, x00280010=("US", 65535), x00280011=("US", 65535)), OPEN, UNSUPPORTED, "65535×65535"),
    ("dicom-no-pixels.dcm", dicom(), OPEN, CORRUPT, "holds no pixels"),
    ("dicom-no-rows.dcm", dicom(raw, x00280010=("US", 0)), OPEN, CORRUPT, "of 0 px"),
    ("dicom-of-1e12-tiles.dcm", dicom(raw, x00480006=("UL", 2**24), x00480007=("UL", 2**24)), OPEN, CORRUPT, "tiles"),
    ("dicom-wide-2e32.dcm", dicom(raw, x00480006=("UL", 2**32 - 1)), OPEN, CORRUPT, "4294967295 px"),
    ("dicom-1e9-frames.dcm", dicom(raw, x00280008=("IS", "1000000000")), OPEN, CORRUPT, "1000000000 frames"),
    ("dicom-minus-1-frames.dcm", dicom(raw, x00280008=("IS", "-1")), OPEN, CORRUPT, "-1 frames"),
    ("dicom-too-few-frames.dcm", dicom(raw, x00480006=("UL", 800)), OPEN, CORRUPT, "it holds 1 frames where 100×1 tiles"),
    ("dicom-short-pixels.dcm", dicom(element(0x7FE00010, "OB", bytes(100))), OPEN, CORRUPT, "do not fit"),
    ("dicom-pixels-beyond-end.dcm", dicom(raw[:-100]), OPEN, CORRUPT, "cut short"),
    ("dicom-value-of-4-gib.dcm", dicom(struct.pack("<HH", 0x0048, 0x9999) + b"OB" + struct.pack("<HI", 0, 2**32 - 2)), OPEN, CORRUPT, "cut short"),
    ("dicom-no-vr.dcm", dicom(struct.pack("<HHI", 0x0048, 0x9999, 0)), OPEN, CORRUPT, "no VR"),
    ("dicom-sequence-without-end.dcm", dicom(sequence), OPEN, CORRUPT, "has no end"),
    ("dicom-sequence-of-no-items.dcm", dicom(sequence + raw), OPEN, CORRUPT, "needs bytes"),
    ("dicom-nested-50000.dcm", dicom(sequence + nested), OPEN, CORRUPT, "more than 24 deep"),
    ("dicom-nested-50000-inside.dcm", dicom(element(0x52009229, "SQ", nested) + raw), OPEN, CORRUPT, "too deep"),
    ("dicom-sequence-of-elements.dcm", dicom(sequence + struct.pack("<HHI", 0x0010, 0x0010, 0) + raw), OPEN, CORRUPT, "where an item was expected"),
    ("dicom-no-positions.dcm", dicom(raw, x00209311=("CS", "TILED_SPARSE")), OPEN, CORRUPT, "0 of its 1 frames"),
    ("dicom-no-fragments.dcm", dicom(fragments(), jpeg), READ, CORRUPT, "0 fragments"),
    ("dicom-fragment-beyond-end.dcm", dicom(fragments(bytes(50), end=False)[:-20], jpeg), READ, CORRUPT, "cut short"),
    ("dicom-fragment-of-no-item.dcm", dicom(fragments(end=False) + bytes(20), jpeg), READ, CORRUPT, "no fragment of its pixels begins"),
    ("dicom-jpeg-noise.dcm", dicom(fragments(b"\xff\xd8 is all there is"), jpeg), READ, CORRUPT, "tile 0,0"),
    ("dicom-jpeg-claims-65000.dcm", dicom(fragments(jpeg_claiming(65000, 65000)), jpeg), READ, CORRUPT, "pixel limit"),
    ("dicom-jpeg-2000-claims-60000.dcm", dicom(fragments(codestream(60000, 60000)), "1.2.840.10008.1.2.4.90"), READ, CORRUPT, "tile 0,0"),
    ("dicom-rle-noise.dcm", dicom(fragments(bytes(70)), rle), READ, CORRUPT, "0 RLE segments"),
    ("dicom-rle-short.dcm", dicom(fragments(struct.pack("<4I", 3, 64, 66, 68) + bytes(54)), rle), READ, CORRUPT, "RLE segment 0"),
    ("dicom-jpeg-ls-noise.dcm", dicom(fragments(bytes(70)), "1.2.840.10008.1.2.4.80"), READ, CORRUPT, "no JPEG-LS stream"),
    ("dicom-part-2-of-2.dcm", dicom(raw, x00209161=("UI", "1.9"), x00209163=("US", 2), x00209228=("UL", 1)), OPEN, CORRUPT, "not in the folder"),
]

out = [
    {"name": n, "when": w, "code": c, "says": s, "bytes": base64.b64encode(b).decode()}
    for n, b, w, c, s in CASES
]
# Two of the files are mostly zeros: their bytes are kept deflated.
for case in out:
    raw = base64.b64decode(case["bytes"])
    if len(raw) > 1000:
        case["deflated"] = base64.b64encode(zlib.compress(raw, 9)).decode()
        del case["bytes"]
path = pathlib.Path(__file__).parent / "cases.json"
path.write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n")
