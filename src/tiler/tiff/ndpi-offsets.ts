/**
 * How Hamamatsu's NDPI reaches beyond 4 GiB: it is classic TIFF, but the first directory's offset
 * and each next one have 64 bits, and after each directory stand the high words of its values, four
 * bytes a tag. Source: the NDPI section of https://openslide.org/formats/hamamatsu/.
 */
import type { ByteSource } from "../byte-source.ts";
import { TAG } from "./names.ts";

/** Where an NDPI's first directory is, or null where the file is an ordinary TIFF. `header`: its first bytes. */
export async function ndpiFirstDirectory(
  source: ByteSource,
  header: DataView,
): Promise<number | null> {
  if (header.byteLength < 12) return null;
  const high = header.getUint32(8, true);
  const offset = header.getUint32(4, true) + high * 2 ** 32;
  // In an ordinary TIFF the four bytes may be anything: the tag decides.
  if (offset < 12 || offset + 2 > source.size) return null;
  const count = wordsOf(await source.fetch(offset, 2)).getUint16(0, true);
  const length = Math.min(count * 12, source.size - offset - 2);
  const entries = wordsOf(await source.fetch(offset + 2, length));
  for (let at = 0; at + 12 <= length; at += 12) {
    if (entries.getUint16(at, true) === TAG.hamamatsuFormat) return offset;
  }
  return null;
}

/**
 * The high words of a directory's values, in its tags' order; `at` is where they stand. Null where
 * the file is too small to need any, and may leave them out.
 */
export async function ndpiHighWords(
  source: ByteSource,
  at: number,
  count: number,
): Promise<Uint32Array | null> {
  if (source.size <= 2 ** 32 || at + count * 4 > source.size) return null;
  const view = wordsOf(await source.fetch(at, count * 4));
  return Uint32Array.from({ length: count }, (_, i) => view.getUint32(i * 4, true));
}

function wordsOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
