const CLEAR = 256;
const END = 257;
const FIRST = 258;
const MAX_CODES = 4096;

/**
 * TIFF's LZW: codes of 9 to 12 bits, most significant bit first, the width growing one code early.
 *
 * Writes at most `length` bytes, whatever the input says; returns the bytes written. Throws
 * RangeError for a code that stands for nothing yet. TIFF 6.0, section 13.
 */
export function decodeLzw(input: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  // Every code's string already stands in the output: its start there, and its length.
  const starts = new Uint32Array(MAX_CODES);
  const lengths = new Uint32Array(MAX_CODES);
  let written = 0;
  let next = FIRST;
  let width = 9;
  let previousStart = -1;
  let previousLength = 0;
  let buffer = 0;
  let bits = 0;
  let at = 0;
  while (written < length) {
    while (bits < width && at < input.length) {
      buffer = ((buffer << 8) | input[at++]!) & 0xffffff;
      bits += 8;
    }
    if (bits < width) break;
    const code = (buffer >> (bits - width)) & ((1 << width) - 1);
    bits -= width;
    if (code === END) break;
    if (code === CLEAR) {
      next = FIRST;
      width = 9;
      previousStart = -1;
      continue;
    }
    const start = written;
    if (code < CLEAR) {
      out[written++] = code;
    } else if (code < next) {
      written = copyWithin(out, starts[code]!, lengths[code]!, written, length);
    } else if (code === next && previousStart >= 0) {
      written = copyWithin(out, previousStart, previousLength, written, length);
      if (written < length) out[written++] = out[start]!;
    } else {
      throw new RangeError(`LZW code ${code} before it was defined (next is ${next})`);
    }
    if (previousStart >= 0 && next < MAX_CODES) {
      // The new string is the previous one and the first byte of this: contiguous in the output.
      starts[next] = previousStart;
      lengths[next] = previousLength + 1;
      next++;
      if (next + 1 >= 1 << width && width < 12) width++;
    }
    previousStart = start;
    previousLength = written - start;
  }
  return out.subarray(0, written);
}

/** Copies byte by byte, as source and target may overlap; returns the new end. */
function copyWithin(out: Uint8Array, from: number, count: number, to: number, end: number): number {
  const stop = Math.min(to + count, end);
  let source = from;
  let target = to;
  while (target < stop) out[target++] = out[source++]!;
  return target;
}
