import { crc32 } from "node:zlib";
import type { ErrorRecord } from "../errors.ts";
import type { PatchMask } from "../segment/mask.ts";

/** What became of one patch. */
export type LedgerEntry =
  | {
      readonly patch: number;
      readonly ok: true;
      readonly masks: readonly PatchMask[];
      readonly prompts: number;
    }
  | { readonly patch: number; readonly ok: false; readonly error: ErrorRecord };

/** A mask as an array, short enough to be written a million times. */
type MaskFigures = readonly [
  x: number,
  y: number,
  width: number,
  height: number,
  area: number,
  predictedIou: number,
  stabilityScore: number,
  pointX: number,
  pointY: number,
  hematoxylinOd: number,
  runs: readonly number[],
];
/** Only a mask with a class, or of a given prompt, writes more elements. */
type PackedMask =
  | MaskFigures
  | readonly [...MaskFigures, classification: string]
  | readonly [...MaskFigures, classification: string | null, prompt: number];

type ParsedLine =
  | { readonly format: number; readonly key: string }
  | { readonly patch: number; readonly prompts: number; readonly masks: readonly PackedMask[] }
  | { readonly patch: number; readonly error: ErrorRecord };

/** A line of the ledger with its end: CRC-32, a space, the JSON. */
export function encodeLine(json: string): Buffer {
  const body = Buffer.from(json, "utf8");
  return Buffer.concat([Buffer.from(`${checksum(body)} `), body, Buffer.from("\n")]);
}

/** The JSON of what became of a patch. */
export function packEntry(entry: LedgerEntry): string {
  if (!entry.ok) return JSON.stringify({ patch: entry.patch, error: entry.error });
  const { patch, prompts, masks } = entry;
  return JSON.stringify({ patch, prompts, masks: masks.map(packMask) });
}

function checksum(body: Uint8Array): string {
  return crc32(body).toString(16).padStart(8, "0");
}

/** The content of a line without its end, or null where it is not whole. */
export function parseLine(line: Buffer): ParsedLine | null {
  if (line.length < 10 || line[8] !== 32) return null;
  const body = line.subarray(9);
  if (line.toString("latin1", 0, 8) !== checksum(body)) return null;
  return JSON.parse(body.toString("utf8")) as ParsedLine;
}

function packMask(mask: PatchMask): PackedMask {
  const { box, point, rle } = mask;
  const packed: MaskFigures = [
    box.x,
    box.y,
    box.width,
    box.height,
    mask.area,
    mask.predictedIou,
    mask.stabilityScore,
    point.x,
    point.y,
    mask.hematoxylinOd,
    rle.runs,
  ];
  const { classification, prompt } = mask;
  if (prompt !== undefined) return [...packed, classification ?? null, prompt];
  return classification === undefined ? packed : [...packed, classification];
}

function unpackMask(packed: PackedMask): PatchMask {
  const [x, y, width, height, area, predictedIou, stabilityScore, px, py, od, runs, name, prompt] =
    packed;
  return {
    rle: { width, height, runs },
    box: { x, y, width, height },
    area,
    predictedIou,
    stabilityScore,
    point: { x: px, y: py },
    hematoxylinOd: od,
    ...(name === undefined || name === null ? {} : { classification: name }),
    ...(prompt === undefined ? {} : { prompt }),
  };
}

export function unpackEntry(record: Exclude<ParsedLine, { key: string }>): LedgerEntry {
  if ("error" in record) return { patch: record.patch, ok: false, error: record.error };
  return {
    patch: record.patch,
    ok: true,
    prompts: record.prompts,
    masks: record.masks.map(unpackMask),
  };
}
