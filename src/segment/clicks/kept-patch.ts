import { crc32 } from "node:zlib";
import type { RgbImage } from "../../tiler/slide.ts";
import type { Embedding, EmbeddingTensor } from "../contracts/embedding.ts";

/** A patch that can be prompted again without its slide and its encoder; all of it lies in `data`. */
export interface KeptPatch {
  /** The patch as bytes, as they are stored. */
  readonly data: Uint8Array;
  /** Its pixels, from which masks are measured. */
  readonly image: RgbImage;
  readonly embedding: Embedding;
}

/**
 * The form of a kept patch, little-endian: "mtpatch1", uint32 length of the header, the header as JSON
 * (filled up with blanks so that the values are aligned), the tensors' float32 values one after the
 * other, the pixels (RGB, rows from the top), and a CRC-32 of everything before it.
 */
const MAGIC = Buffer.from("mtpatch1");
const FIXED = MAGIC.length + 4;
const ALIGNED = 8;
const MAX_HEADER = 16 * 1024;
const MAX_RANK = 8;

interface Header {
  readonly key: string;
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly tensors: readonly { readonly name: string; readonly dims: readonly number[] }[];
}

/** Puts a patch and its embedding, known by `key`, into one piece of memory. */
export function keepPatch(
  key: string,
  { data: pixels, width, height }: RgbImage,
  { scale, tensors }: Embedding,
): KeptPatch {
  const named = Object.entries(tensors);
  const described = named.map(([name, { dims }]) => ({ name, dims }));
  const header: Header = { key, width, height, scale, tensors: described };
  const json = Buffer.from(JSON.stringify(header));
  const start = Math.ceil((FIXED + json.length) / ALIGNED) * ALIGNED;
  const values = named.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
  const end = start + values + pixels.length;
  const bytes = Buffer.from(new ArrayBuffer(end + 4));
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(start - FIXED, MAGIC.length);
  bytes.fill(" ", FIXED, start);
  json.copy(bytes, FIXED);
  let at = start;
  for (const [, { data }] of named) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  bytes.set(pixels, at);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, end)), end);
  return view(header, bytes, start);
}

/** The patch in bytes that {@link keepPatch} made for `key`, or null for any others: cut, altered, of another key, made up. */
export function openKeptPatch(key: string, stored: Uint8Array): KeptPatch | null {
  const aligned = stored.byteOffset % ALIGNED === 0 ? stored : new Uint8Array(stored);
  const bytes = Buffer.from(aligned.buffer, aligned.byteOffset, aligned.byteLength);
  if (bytes.length < FIXED + 4 || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const end = bytes.length - 4;
  const length = bytes.readUInt32LE(MAGIC.length);
  const start = FIXED + length;
  if (length > MAX_HEADER || start > end || start % ALIGNED !== 0) return null;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) return null;
  const header = parseHeader(bytes.toString("utf8", FIXED, start));
  if (header === null || header.key !== key) return null;
  const values = header.tensors.reduce((sum, { dims }) => sum + 4 * product(dims), 0);
  if (start + values + header.width * header.height * 3 !== end) return null;
  return view(header, bytes, start);
}

/** Tensors and pixels as views of the bytes: nothing is copied. */
function view(header: Header, bytes: Buffer, start: number): KeptPatch {
  const tensors: Record<string, EmbeddingTensor> = {};
  let at = bytes.byteOffset + start;
  for (const { name, dims } of header.tensors) {
    const data = new Float32Array(bytes.buffer, at, product(dims));
    tensors[name] = { dims, data };
    at += data.byteLength;
  }
  const { width, height, scale } = header;
  const data = new Uint8Array(bytes.buffer, at, width * height * 3);
  return { data: bytes, image: { data, width, height }, embedding: { scale, tensors } };
}

function product(dims: readonly number[]): number {
  return dims.reduce((all, side) => all * side, 1);
}

function parseHeader(text: string): Header | null {
  let header: Partial<Header> | null;
  try {
    header = JSON.parse(text) as Partial<Header> | null;
  } catch {
    return null;
  }
  const { key, width, height, scale, tensors } = header ?? {};
  if (typeof key !== "string" || typeof scale !== "number" || !(scale > 0)) return null;
  if (!isSide(width) || !isSide(height) || !Array.isArray(tensors)) return null;
  return tensors.every(isDescribed) ? { key, width, height, scale, tensors } : null;
}

function isDescribed(tensor: { readonly name?: unknown; readonly dims?: unknown } | null): boolean {
  const { name, dims } = tensor ?? {};
  // "__proto__" would not become a field of the embedding's own.
  if (typeof name !== "string" || name === "__proto__") return false;
  return Array.isArray(dims) && dims.length <= MAX_RANK && dims.every(isSide);
}

function isSide(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
