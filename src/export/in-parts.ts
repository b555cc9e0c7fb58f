import type { Stretch } from "./feature-text.ts";
import type { ExportedFile } from "./format.ts";

/** One of the files that objects are split over. */
export interface Part {
  /** From 1. */
  readonly number: number;
  readonly of: number;
  readonly path: string;
}

/**
 * Has objects written to one file, or to parts of at most `most`, in their stored order; none are one empty part.
 *
 * `slide.geojson.gz` becomes `slide-001.geojson.gz` and so on, with more digits past 999 parts.
 */
export async function inParts(
  count: number,
  most: number | undefined,
  path: string,
  write: (
    stretch: Stretch,
    part: Part | null,
  ) => Promise<{ readonly objects: number; readonly bytes: number }>,
): Promise<ExportedFile[]> {
  if (most === undefined) return [{ path, ...(await write({ from: 0, to: count }, null)) }];
  const of = Math.max(1, Math.ceil(count / most));
  const files: ExportedFile[] = [];
  for (let number = 1; number <= of; number++) {
    const part = { number, of, path: partPath(path, number, of) };
    const stretch = { from: (number - 1) * most, to: Math.min(number * most, count) };
    files.push({ path: part.path, ...(await write(stretch, part)) });
  }
  return files;
}

/** Items at positions from `from` up to `to` of a source that can only be read from its beginning. */
export async function* stretchOf<T>(
  items: AsyncIterable<T>,
  { from, to }: Stretch,
): AsyncGenerator<T, void, void> {
  let at = 0;
  if (from >= to) return;
  for await (const item of items) {
    if (at >= from) yield item;
    if (++at >= to) return;
  }
}

function partPath(path: string, number: number, of: number): string {
  const digits = String(number).padStart(Math.max(3, String(of).length), "0");
  const [, stem, endings] = /^(.*?)((?:\.[a-z]+)?(?:\.gz)?)$/is.exec(path)!;
  return `${stem}-${digits}${endings}`;
}
