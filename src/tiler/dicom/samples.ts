import type { ChannelWindow, RgbImage } from "../slide.ts";
import type { PixelRules } from "./pixel-rules.ts";

/** Decoded samples of a frame, interleaved, rows top to bottom, no padding. */
export interface Samples {
  readonly data: Uint8Array | Uint16Array;
  readonly width: number;
  readonly height: number;
  /** 1 or 3. */
  readonly components: number;
  /** Three components are RGB already, whatever the file's photometric interpretation. */
  readonly isRgb: boolean;
}

/** Raw little-endian bytes as samples: planes are interleaved, unused bits cleared. */
export function rawSamples(
  bytes: Uint8Array,
  rules: PixelRules,
  size: { readonly width: number; readonly height: number },
): Samples {
  const { samples: components, bytesPerSample, bits } = rules;
  const pixels = size.width * size.height;
  const count = pixels * components;
  const mask = 2 ** bits - 1;
  const data = bytesPerSample === 1 ? new Uint8Array(count) : new Uint16Array(count);
  const at = (i: number) =>
    bytesPerSample === 1 ? bytes[i]! : bytes[2 * i]! | (bytes[2 * i + 1]! << 8);
  if (rules.planar && components > 1) {
    for (let i = 0; i < count; i++) {
      data[i] = at((i % components) * pixels + Math.floor(i / components)) & mask;
    }
  } else if (bytesPerSample === 1 && bits === 8) {
    data.set(bytes.subarray(0, count));
  } else {
    for (let i = 0; i < count; i++) data[i] = at(i) & mask;
  }
  return { data, ...size, components, isRgb: rules.photometric === "RGB" };
}

/** Samples as the colours that the file means. */
export function samplesToRgb(samples: Samples, rules: PixelRules): RgbImage {
  const { width, height, data } = samples;
  if (samples.components === 1) {
    return rules.palette
      ? { data: fromPalette(data, rules.palette), width, height }
      : { data: repeated(greyLevels(samples, rules)), width, height };
  }
  const colours = data instanceof Uint8Array ? data : Uint8Array.from(data);
  return { data: samples.isRgb ? colours : fromYbr(colours), width, height };
}

/** The stored values that are black and white: turned over for MONOCHROME1. */
export function greyWindow({ window, photometric }: PixelRules): ChannelWindow {
  const { black, white } = window;
  return photometric === "MONOCHROME1" ? { low: white, high: black } : { low: black, high: white };
}

/** Grey as it is meant to be seen, 0–255. */
function greyLevels({ data }: Samples, rules: PixelRules): Uint8Array {
  const { low, high } = greyWindow(rules);
  if (data instanceof Uint8Array && low === 0 && high === 255) return data;
  const grey = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i++) grey[i] = ((data[i]! - low) * 255) / (high - low);
  return new Uint8Array(grey.buffer);
}

function repeated(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0, o = 0; i < grey.length; i++, o += 3) rgb[o] = rgb[o + 1] = rgb[o + 2] = grey[i]!;
  return rgb;
}

function fromPalette(
  data: Samples["data"],
  palette: { readonly first: number; readonly rgb: Uint8Array },
): Uint8Array {
  const last = palette.rgb.length / 3 - 1;
  const rgb = new Uint8Array(data.length * 3);
  for (let i = 0; i < data.length; i++) {
    const entry = Math.min(last, Math.max(0, data[i]! - palette.first));
    rgb.set(palette.rgb.subarray(entry * 3, entry * 3 + 3), i * 3);
  }
  return rgb;
}

/** YBR_FULL to RGB, PS3.3 C.7.6.3.1.2 (the coefficients of ITU-R BT.601, full range). */
function fromYbr(ybr: Uint8Array): Uint8Array {
  const rgb = new Uint8ClampedArray(ybr.length);
  for (let i = 0; i < ybr.length; i += 3) {
    const [y, cb, cr] = [ybr[i]!, ybr[i + 1]! - 128, ybr[i + 2]! - 128];
    rgb[i] = y + 1.402 * cr;
    rgb[i + 1] = y - 0.344136 * cb - 0.714136 * cr;
    rgb[i + 2] = y + 1.772 * cb;
  }
  return new Uint8Array(rgb.buffer);
}
