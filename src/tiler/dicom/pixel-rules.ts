import { UnsupportedSlideError } from "../../errors.ts";
import type { Attributes } from "./attributes.ts";
import { type FrameCodec, TAG } from "./names.ts";

/** How a file's samples become colours. */
export interface PixelRules {
  readonly samples: number;
  /** Bytes that a raw sample takes: 1 or 2. */
  readonly bytesPerSample: 1 | 2;
  /** Bits that count. */
  readonly bits: number;
  readonly photometric: Photometric;
  /** Raw colours are stored a plane a channel. */
  readonly planar: boolean;
  /** What of a grey value is black and what white: value ≤ black, value ≥ white. Stored values. */
  readonly window: { readonly black: number; readonly white: number };
  /** Colours by value, RGB interleaved, and the value that the first stands for; for PALETTE COLOR alone. */
  readonly palette: { readonly first: number; readonly rgb: Uint8Array } | null;
}

/** Photometric interpretations that are read. PS3.3 C.7.6.3.1.2. */
export type Photometric = "RGB" | "YBR" | "MONOCHROME1" | "MONOCHROME2" | "PALETTE COLOR";

const PHOTOMETRICS: Readonly<Record<string, Photometric>> = {
  RGB: "RGB",
  YBR_FULL: "YBR",
  YBR_FULL_422: "YBR",
  // The codec itself undoes these two: what comes out of it is RGB.
  YBR_ICT: "RGB",
  YBR_RCT: "RGB",
  MONOCHROME1: "MONOCHROME1",
  MONOCHROME2: "MONOCHROME2",
  "PALETTE COLOR": "PALETTE COLOR",
};

/** Reads how samples become colours. Throws UnsupportedSlideError, naming what is in the way. */
export function readPixelRules(
  path: string,
  attributes: Attributes,
  codec: FrameCodec,
): PixelRules {
  const refuse = (what: string): never => {
    throw new UnsupportedSlideError(
      `${path}: ${what}; 8-bit RGB and YBR, grey and palette colour of 8 or 16 bits are read: rewrite it, e.g. as JPEG (\`dcmcjpeg\`, DCMTK).`,
      { path },
    );
  };
  const said = attributes.text(TAG.photometric);
  const photometric = PHOTOMETRICS[said];
  if (!photometric) return refuse(`its colours are ${said || "not stated"}`);
  const samples = attributes.integer(TAG.samplesPerPixel) ?? 1;
  const colours = photometric === "RGB" || photometric === "YBR" ? 3 : 1;
  if (samples !== colours) refuse(`it has ${samples} samples a pixel where ${said} has ${colours}`);
  const allocated = attributes.integer(TAG.bitsAllocated) ?? 8;
  const bits = attributes.integer(TAG.bitsStored) ?? allocated;
  const readable = (allocated === 8 || allocated === 16) && bits >= 1 && bits <= allocated;
  if (!readable || (colours === 3 && bits !== 8)) {
    refuse(`its samples have ${bits} bits of ${allocated}`);
  }
  if ((attributes.integer(TAG.pixelRepresentation) ?? 0) !== 0) refuse("its samples are signed");
  if (said === "YBR_FULL_422" && (codec === "raw" || codec === "rle")) {
    refuse("its chroma is halved (YBR_FULL_422) without JPEG");
  }
  if (codec === "jpeg" && bits > 8) refuse(`it is JPEG of ${bits} bits`);
  return {
    samples,
    bytesPerSample: allocated === 16 ? 2 : 1,
    bits,
    photometric,
    planar: (attributes.integer(TAG.planarConfiguration) ?? 0) === 1,
    window: readWindow(attributes, bits),
    palette: photometric === "PALETTE COLOR" ? readPalette(path, attributes) : null,
  };
}

/**
 * The window of grey values, in stored values: the file's own (linear, PS3.3 C.11.2.1.2.1, its
 * rescaling undone), else everything that its bits can hold.
 */
function readWindow(attributes: Attributes, bits: number): PixelRules["window"] {
  const shared = attributes.item(TAG.sharedFunctionalGroups);
  const voi = shared.item(TAG.frameVoiLut);
  const transformation = shared.item(TAG.pixelValueTransformation);
  const find = (inner: Attributes, tag: string) => inner.decimal(tag) ?? attributes.decimal(tag);
  const center = find(voi, TAG.windowCenter);
  const width = find(voi, TAG.windowWidth);
  if (center === null || width === null || width <= 1) return { black: 0, white: 2 ** bits - 1 };
  const slope = find(transformation, TAG.rescaleSlope) ?? 1;
  const intercept = find(transformation, TAG.rescaleIntercept) ?? 0;
  const stored = (value: number) => (value - intercept) / (slope > 0 ? slope : 1);
  return {
    black: stored(center - 0.5 - (width - 1) / 2),
    white: stored(center - 0.5 + (width - 1) / 2),
  };
}

/** Tables of PS3.3 C.7.6.3.1.5; 16-bit entries keep their upper eight bits. */
function readPalette(path: string, attributes: Attributes): PixelRules["palette"] {
  const channels = [
    [TAG.redPaletteDescriptor, TAG.redPalette],
    [TAG.greenPaletteDescriptor, TAG.greenPalette],
    [TAG.bluePaletteDescriptor, TAG.bluePalette],
  ] as const;
  const refuse = (why: string): never => {
    throw new UnsupportedSlideError(`${path}: its palette ${why}; rewrite it as RGB.`, { path });
  };
  const tables = channels.map(([descriptorTag, tableTag]) => {
    const descriptor = attributes.bytes(descriptorTag);
    const table = attributes.bytes(tableTag);
    if (!descriptor || descriptor.length < 6 || !table) return refuse("has no plain tables");
    const word = (at: number) => descriptor[at]! | (descriptor[at + 1]! << 8);
    const [entries, first, bits] = [word(0) || 65_536, word(2), word(4)];
    const wide = table.length >= 2 * entries;
    if (table.length < entries) return refuse(`has ${table.length} bytes for ${entries} entries`);
    const value = (i: number) => {
      if (!wide) return table[i]!;
      return bits === 16 ? table[2 * i + 1]! : table[2 * i]!;
    };
    return { entries, first, value };
  });
  const { entries, first } = tables[0]!;
  if (tables.some((table) => table.entries !== entries || table.first !== first)) {
    refuse("has tables of different lengths");
  }
  const rgb = new Uint8Array(entries * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = tables[i % 3]!.value(Math.floor(i / 3));
  return { first, rgb };
}
