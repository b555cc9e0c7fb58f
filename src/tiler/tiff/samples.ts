/** Samples as a TIFF stores them, of the types that are read. */
export type SampleArray = Uint8Array | Int8Array | Uint16Array | Int16Array | Float32Array;

/** Decoded samples of a block: rows top to bottom, `perPixel` samples a pixel, interleaved, no padding. */
export interface Samples {
  readonly data: SampleArray;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly perPixel: number;
}

/** How a picture's samples are stored. */
export interface SampleLayout {
  /** Of a sample: 8, 16 or 32. */
  readonly bits: number;
  /** 1 unsigned, 2 signed, 3 floating point. */
  readonly sampleFormat: number;
  readonly littleEndian: boolean;
  /** 1 none, 2 the difference to the pixel on the left. */
  readonly predictor: number;
}

/** Bytes of samples, their rows `rowSamples` long, as numbers. Changes `bytes`. */
export function asSamples(
  bytes: Uint8Array,
  layout: SampleLayout,
  rowSamples: number,
  perPixel: number,
): SampleArray {
  const size = layout.bits / 8;
  const whole = bytes.length - (bytes.length % size);
  // Typed arrays begin at multiples of their size.
  const aligned = bytes.byteOffset % size === 0 ? bytes.subarray(0, whole) : bytes.slice(0, whole);
  if (!layout.littleEndian && size > 1) swap(aligned, size);
  const words = unsigned(aligned, size);
  if (layout.predictor === 2) undoHorizontalPredictor(words, rowSamples, perPixel);
  const { buffer, byteOffset, length } = words;
  if (layout.sampleFormat === 3) return new Float32Array(buffer, byteOffset, length);
  if (layout.sampleFormat === 2) {
    return size === 1
      ? new Int8Array(buffer, byteOffset, length)
      : new Int16Array(buffer, byteOffset, length);
  }
  return words as Uint8Array | Uint16Array;
}

function unsigned(bytes: Uint8Array, size: number): Uint8Array | Uint16Array | Uint32Array {
  const { buffer, byteOffset, length } = bytes;
  if (size === 1) return bytes;
  if (size === 2) return new Uint16Array(buffer, byteOffset, length / 2);
  return new Uint32Array(buffer, byteOffset, length / 4);
}

function swap(bytes: Uint8Array, size: number): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) view.swap16();
  else view.swap32();
}

function undoHorizontalPredictor(
  words: Uint8Array | Uint16Array | Uint32Array,
  rowSamples: number,
  step: number,
): void {
  for (let row = 0; row < words.length; row += rowSamples) {
    const end = Math.min(row + rowSamples, words.length);
    for (let i = row + step; i < end; i++) words[i] = words[i]! + words[i - step]!;
  }
}

/** Puts planes of one sample a pixel together, pixel by pixel. */
export function interleave(planes: readonly Samples[]): Samples {
  const first = planes[0]!;
  if (planes.length === 1) return first;
  const { width, height } = first;
  const count = planes.length;
  const out = emptyLike(first.data, width * height * count);
  planes.forEach(({ data, perPixel }, offset) => {
    // A grey picture in a format of its own comes as RGB.
    for (let i = 0, o = offset; o < out.length; i += perPixel, o += count) out[o] = data[i]!;
  });
  return { data: out, width, height, perPixel: count };
}

function emptyLike(data: SampleArray, length: number): SampleArray {
  if (data instanceof Uint8Array) return new Uint8Array(length);
  if (data instanceof Int8Array) return new Int8Array(length);
  if (data instanceof Uint16Array) return new Uint16Array(length);
  if (data instanceof Int16Array) return new Int16Array(length);
  return new Float32Array(length);
}
