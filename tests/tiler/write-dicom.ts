import { writeFile } from "node:fs/promises";

/** One data element: "GGGGEEEE", its VR and its value; a sequence's value is its items. */
export type Element = readonly [
  tag: string,
  vr: string,
  value: string | number | readonly number[] | Uint8Array | readonly (readonly Element[])[],
];

/** What of a made slide file differs from an RGB picture of one raw 8×8 tile. */
export interface DicomChanges {
  readonly transferSyntax?: string;
  readonly elements?: readonly Element[];
  /** Elements left out. */
  readonly without?: readonly string[];
  /** Raw bytes, or the fragments of frames (the offset table is the first item). */
  readonly pixels?: Uint8Array | readonly Uint8Array[];
}

const LONG_VRS = new Set(["OB", "OV", "OW", "SQ", "UN", "UT"]);
export const EXPLICIT = "1.2.840.10008.1.2.1";
export const IMPLICIT = "1.2.840.10008.1.2";
export const WSI = "1.2.840.10008.5.1.4.1.1.77.1.6";

const u16 = (...values: readonly number[]) => Buffer.from(Uint16Array.from(values).buffer);
const u32 = (...values: readonly number[]) => Buffer.from(Uint32Array.from(values).buffer);
const tagBytes = (tag: string) =>
  u16(Number.parseInt(tag.slice(0, 4), 16), Number.parseInt(tag.slice(4), 16));

/** An item of a sequence or a fragment of pixels. */
export const item = (body: Uint8Array): Buffer =>
  Buffer.concat([tagBytes("fffee000"), u32(body.length), body]);

function valueBytes([, vr, value]: Element, explicit: boolean): Buffer {
  if (typeof value === "string") {
    const text = Buffer.from(value, "latin1");
    return text.length % 2 === 0
      ? text
      : Buffer.concat([text, Buffer.from(vr === "UI" ? "\0" : " ")]);
  }
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (vr === "SQ") {
    const items = value as readonly (readonly Element[])[];
    return Buffer.concat(items.map((one) => item(dataSet(one, explicit))));
  }
  const numbers = [value].flat() as number[];
  if (vr === "US") return u16(...numbers);
  if (vr === "FL") return Buffer.from(Float32Array.from(numbers).buffer);
  return u32(...numbers);
}

export function element(one: Element, explicit = true): Buffer {
  const [tag, vr] = one;
  const value = valueBytes(one, explicit);
  if (!explicit) return Buffer.concat([tagBytes(tag), u32(value.length), value]);
  const length = LONG_VRS.has(vr) ? Buffer.concat([u16(0), u32(value.length)]) : u16(value.length);
  return Buffer.concat([tagBytes(tag), Buffer.from(vr), length, value]);
}

export function dataSet(elements: readonly Element[], explicit = true): Buffer {
  const sorted = [...elements].sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat(sorted.map((one) => element(one, explicit)));
}

/** The elements of a picture of `columns` × `rows` tiles of 8 × 8 px, TILED_FULL, RGB. */
function base(width: number, height: number): Element[] {
  return [
    ["00080008", "CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE"],
    ["00080016", "UI", WSI],
    ["00080018", "UI", `1.2.3.${width}.${height}`],
    ["00080060", "CS", "SM"],
    ["00100010", "PN", "Doe^Jane"],
    ["0020000e", "UI", "1.2.3"],
    ["00209311", "CS", "TILED_FULL"],
    ["00280002", "US", 3],
    ["00280004", "CS", "RGB"],
    ["00280006", "US", 0],
    ["00280008", "IS", String(Math.ceil(width / 8) * Math.ceil(height / 8))],
    ["00280010", "US", 8],
    ["00280011", "US", 8],
    ["00280100", "US", 8],
    ["00280101", "US", 8],
    ["00280102", "US", 7],
    ["00280103", "US", 0],
    ["00480006", "UL", width],
    ["00480007", "UL", height],
    ["52009229", "SQ", [[["00289110", "SQ", [[["00280030", "DS", "0.0005\\0.00025"]]]]]]],
  ];
}

/** The bytes of a DICOM slide file of 8 × 8 px tiles. */
export function dicomBytes(width: number, height: number, changes: DicomChanges = {}): Buffer {
  const { transferSyntax = EXPLICIT, elements = [], without = [], pixels } = changes;
  const explicit = transferSyntax !== IMPLICIT;
  const changed = new Set([...elements.map(([tag]) => tag), ...without]);
  const all = [...base(width, height).filter(([tag]) => !changed.has(tag)), ...elements];
  const meta: Element[] = [["00020010", "UI", transferSyntax]];
  const head = [Buffer.alloc(128), Buffer.from("DICM"), dataSet(meta), dataSet(all, explicit)];
  return Buffer.concat([...head, pixelData(pixels, explicit)]);
}

function pixelData(pixels: DicomChanges["pixels"], explicit: boolean): Buffer {
  if (pixels === undefined) return Buffer.alloc(0);
  if (pixels instanceof Uint8Array) return element(["7fe00010", "OB", pixels], explicit);
  return Buffer.concat([
    tagBytes("7fe00010"),
    Buffer.from("OB\0\0"),
    u32(0xffffffff),
    ...pixels.map(item),
    tagBytes("fffee0dd"),
    u32(0),
  ]);
}

export async function writeDicom(
  path: string,
  width: number,
  height: number,
  changes: DicomChanges = {},
): Promise<void> {
  await writeFile(path, dicomBytes(width, height, changes));
}

/** One frame's functional groups: where it lies (from 0), and in which optical path. */
export function framePosition(x: number, y: number, path?: string): readonly Element[] {
  const position: Element[] = [
    ["0048021e", "SL", x + 1],
    ["0048021f", "SL", y + 1],
  ];
  const groups: Element[] = [["0048021a", "SQ", [position]]];
  if (path !== undefined) groups.push(["00480207", "SQ", [[["00480106", "SH", path]]]]);
  return groups;
}

/** A raw RGB frame of one colour. */
export function frame(red: number, green = red, blue = red): Uint8Array {
  return Uint8Array.from({ length: 192 }, (_, i) => [red, green, blue][i % 3]!);
}
