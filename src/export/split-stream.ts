import type { Instance } from "../merge/instance.ts";
import type { InstanceSource } from "../store/instance-source.ts";
import type { ExportedFile } from "./format.ts";

/** One of the files that objects are split over. */
export interface Part {
  /** From 1. */
  readonly number: number;
  readonly of: number;
  readonly path: string;
}

/**
 * Hands objects on in parts of at most `most`, in their stored order; an empty source is one empty part.
 *
 * `slide.geojson.gz` becomes `slide-001.geojson.gz` and so on, with more digits past 999 parts.
 */
export async function splitStream(
  objects: InstanceSource,
  most: number,
  path: string,
  write: (
    instances: AsyncIterable<Instance>,
    part: Part,
  ) => Promise<{ readonly objects: number; readonly bytes: number }>,
): Promise<ExportedFile[]> {
  const of = Math.max(1, Math.ceil(objects.count / most));
  const stream = objects.all()[Symbol.asyncIterator]();
  const files: ExportedFile[] = [];
  try {
    for (let number = 1; number <= of; number++) {
      const part = { number, of, path: partPath(path, number, of) };
      files.push({ path: part.path, ...(await write(take(stream, most), part)) });
    }
  } finally {
    await stream.return?.();
  }
  return files;
}

async function* take(
  stream: AsyncIterator<Instance>,
  most: number,
): AsyncGenerator<Instance, void, void> {
  for (let taken = 0; taken < most; taken++) {
    const { value, done } = await stream.next();
    if (done) return;
    yield value;
  }
}

function partPath(path: string, number: number, of: number): string {
  const digits = String(number).padStart(Math.max(3, String(of).length), "0");
  const [, stem, endings] = /^(.*?)((?:\.[a-z]+)?(?:\.gz)?)$/is.exec(path)!;
  return `${stem}-${digits}${endings}`;
}
