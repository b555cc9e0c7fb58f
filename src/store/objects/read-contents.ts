import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { MicrotomeError } from "../../errors.ts";
import { IMPORT_AGAIN, isCorrectedName } from "../corrected-names.ts";
import { type BlockIndex, decodeBlockIndex } from "./block-index.ts";
import {
  type BlockEntry,
  decodeAbout,
  decodeDirectory,
  decodeHead,
  decodeSummary,
  decodeTail,
  FORMAT_VERSION,
  HEAD_BYTES,
  MOST_TEXT,
  type ObjectsAbout,
  type ObjectsSummary,
  type Stretch,
  TAIL_BYTES,
} from "./layout.ts";

/** Everything of an objects file but its blocks. */
export interface Contents {
  readonly about: ObjectsAbout;
  readonly summary: ObjectsSummary;
  readonly entries: readonly BlockEntry[];
  readonly index: BlockIndex;
  /** Where the first block begins. */
  readonly start: number;
  /** CRC-32 of the directory, in which the blocks have theirs: files of one path that differ differ in it. */
  readonly identity: number;
}

/** Reads what is around the blocks, and checks that all of it fits together. Throws MicrotomeError `corrupt-file`. */
export async function readContents(path: string, file: FileHandle): Promise<Contents> {
  const refuse = (found: string) => corrupt(path, found);
  const { size } = await file.stat();
  const read = (from: number, length: number) => readAt(path, file, from, length);
  const readPart = async (from: number, { length, crc }: Stretch, name: string) => {
    const bytes = await read(from, length);
    return crc32(bytes) === crc ? bytes : refuse(`another CRC-32 of its ${name}`);
  };
  if (size < HEAD_BYTES + TAIL_BYTES) refuse(`${size} bytes, less than any objects file has`);
  const aboutText = decodeHead(await read(0, HEAD_BYTES), refuse);
  const tail = decodeTail(await read(size - TAIL_BYTES, TAIL_BYTES), refuse);
  const start = HEAD_BYTES + aboutText.length;
  const { directory, index, summary, offset } = tail;
  const end = offset + directory.length + index.length + summary.length + TAIL_BYTES;
  if (offset < start || end !== size) refuse(`${size} bytes where its tail speaks of ${end}`);
  if (aboutText.length > MOST_TEXT) refuse(`a head of ${aboutText.length} bytes`);
  const about = decodeAbout(await readPart(HEAD_BYTES, aboutText, "head"), refuse);
  const entries = decodeDirectory(await readPart(offset, directory, "directory"), refuse);
  let [objects, position] = [0, start];
  for (const entry of entries) {
    objects += entry.objects;
    position += lengthOf(entry);
  }
  if (objects !== tail.objects || position !== offset) {
    refuse(
      `a directory of ${objects} objects up to byte ${position} where its tail speaks of ${tail.objects} up to ${offset}`,
    );
  }
  const indexBytes = await readPart(offset + directory.length, index, "index");
  const summaryAt = offset + directory.length + index.length;
  return {
    about,
    entries,
    index: decodeBlockIndex(indexBytes, entries.length, refuse),
    summary: decodeSummary(await readPart(summaryAt, summary, "summary"), refuse),
    start,
    identity: directory.crc,
  };
}

/** Exactly `length` bytes; fewer are `corrupt-file`. */
export async function readAt(
  path: string,
  file: FileHandle,
  from: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, from + done);
    if (bytesRead === 0) {
      return corrupt(
        path,
        `its end at byte ${from + done} where ${length - done} more were expected`,
      );
    }
    done += bytesRead;
  }
  return bytes;
}

/** Bytes of a block. */
export function lengthOf({ table, names, geometry }: BlockEntry): number {
  return table.length + names.length + geometry.length;
}

/** Says what was found in an objects file that is none, and how to come by a whole one. */
export function corrupt(path: string, found: string): never {
  const advice = isCorrectedName(path)
    ? IMPORT_AGAIN
    : "merge the run again (microtome segment … --resume, after removing it)";
  throw new MicrotomeError(
    "corrupt-file",
    `${path}: found ${found}. It is no whole objects file of format ${FORMAT_VERSION}; ${advice}.`,
    { file: path, found },
  );
}
