import type { ByteSource } from "./byte-source.ts";

/** Bytes of a source. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Bytes between two ranges that are read along with them: less work than a second read. */
const MOST_GAP = 4096;
/** Bytes read at once at most, unless one range alone is longer. */
const MOST_TOGETHER = 2 ** 22;

/**
 * The bytes of several ranges, in the order asked; ranges that lie side by side are read at once.
 *
 * Neighbouring tiles mostly do. Throws CorruptSlideError beyond the source's end.
 */
export async function fetchRanges(
  source: ByteSource,
  ranges: readonly ByteRange[],
): Promise<Uint8Array[]> {
  const order = ranges.map((_, i) => i).sort((a, b) => ranges[a]!.offset - ranges[b]!.offset);
  const found = new Array<Uint8Array>(ranges.length);
  const runs: { readonly start: number; end: number; readonly members: number[] }[] = [];
  for (const i of order) {
    const { offset, length } = ranges[i]!;
    const run = runs.at(-1);
    const end = offset + length;
    if (run && offset - run.end <= MOST_GAP && end - run.start <= MOST_TOGETHER) {
      run.members.push(i);
      run.end = Math.max(run.end, end);
    } else {
      runs.push({ start: offset, end, members: [i] });
    }
  }
  await Promise.all(
    runs.map(async ({ start, end, members }) => {
      const bytes = await source.fetch(start, end - start);
      for (const i of members) {
        const from = ranges[i]!.offset - start;
        found[i] = bytes.subarray(from, from + ranges[i]!.length);
      }
    }),
  );
  return found;
}
