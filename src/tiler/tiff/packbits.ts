/**
 * Decodes PackBits: a signed count n, then n + 1 literal bytes, or one byte repeated 1 − n times.
 *
 * Writes at most `length` bytes; returns the bytes written. TIFF 6.0, section 9.
 */
export function decodePackBits(input: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  let written = 0;
  while (at < input.length && written < length) {
    const header = input[at++]!;
    if (header === 128) continue;
    if (header < 128) {
      const literal = input.subarray(at, at + Math.min(header + 1, length - written));
      out.set(literal, written);
      written += literal.length;
      at += header + 1;
    } else {
      const end = Math.min(written + 257 - header, length);
      out.fill(input[at++] ?? 0, written, end);
      written = end;
    }
  }
  return out.subarray(0, written);
}
