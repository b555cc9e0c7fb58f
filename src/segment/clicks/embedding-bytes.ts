import { crc32 } from "node:zlib";
import type { Embedding, EmbeddingTensor } from "../contracts/embedding.ts";

/**
 * An embedding as bytes, little-endian: "mtembed1", uint32 length of the header, the header as JSON
 * ({key, scale, tensors: [{name, dims}]}, filled up with blanks so that the values are aligned), the
 * tensors' float32 values one after the other, and a CRC-32 of everything before it.
 */
const MAGIC = Buffer.from("mtembed1");
const FIXED = MAGIC.length + 4;
const MAX_HEADER = 16 * 1024;
const MAX_RANK = 8;

interface Header {
  readonly key: string;
  readonly scale: number;
  readonly tensors: readonly { readonly name: string; readonly dims: readonly number[] }[];
}

/** Bytes of an embedding that is kept under `key`. */
export function embeddingToBytes(key: string, { scale, tensors }: Embedding): Uint8Array {
  const named = Object.entries(tensors);
  const header: Header = {
    key,
    scale,
    tensors: named.map(([name, { dims }]) => ({ name, dims })),
  };
  const json = JSON.stringify(header);
  const padded = json.padEnd(json.length + ((8 - ((FIXED + Buffer.byteLength(json)) % 8)) % 8));
  const head = Buffer.from(padded);
  const length = named.reduce((sum, [, { data }]) => sum + data.byteLength, FIXED + head.length);
  const bytes = Buffer.alloc(length + 4);
  MAGIC.copy(bytes);
  bytes.writeUInt32LE(head.length, MAGIC.length);
  head.copy(bytes, FIXED);
  let at = FIXED + head.length;
  for (const [, { data }] of named) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(0, length)), length);
  return bytes;
}

/** The embedding in bytes that {@link embeddingToBytes} made for `key`, or null for any others: cut, altered, of another key, made up. */
export function embeddingFromBytes(key: string, bytes: Uint8Array): Embedding | null {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < FIXED + 4 || !buffer.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const end = buffer.length - 4;
  const headerLength = buffer.readUInt32LE(MAGIC.length);
  if (headerLength > MAX_HEADER || FIXED + headerLength > end) return null;
  if (crc32(buffer.subarray(0, end)) !== buffer.readUInt32LE(end)) return null;
  const header = parseHeader(buffer.toString("utf8", FIXED, FIXED + headerLength));
  if (header === null || header.key !== key) return null;
  const tensors: Record<string, EmbeddingTensor> = {};
  let at = FIXED + headerLength;
  for (const { name, dims } of header.tensors) {
    const size = 4 * dims.reduce((product, side) => product * side, 1);
    if (at + size > end) return null;
    // A copy: a view would need an aligned start, and would hold on to the whole file.
    const data = new Float32Array(new Uint8Array(buffer.subarray(at, at + size)).buffer);
    tensors[name] = { dims, data };
    at += size;
  }
  return at === end ? { scale: header.scale, tensors } : null;
}

function parseHeader(text: string): Header | null {
  let header: Partial<Header> | null;
  try {
    header = JSON.parse(text) as Partial<Header> | null;
  } catch {
    return null;
  }
  const { key, scale, tensors } = header ?? {};
  if (typeof key !== "string" || typeof scale !== "number" || !(scale > 0)) return null;
  if (!Array.isArray(tensors)) return null;
  const whole = tensors.every(
    (tensor: unknown) => typeof tensor === "object" && tensor !== null && isDescribed(tensor),
  );
  return whole ? { key, scale, tensors } : null;
}

function isDescribed(tensor: { readonly name?: unknown; readonly dims?: unknown }): boolean {
  const { name, dims } = tensor;
  // "__proto__" would not become a field of the embedding's own.
  if (typeof name !== "string" || name === "__proto__") return false;
  if (!Array.isArray(dims) || dims.length > MAX_RANK) return false;
  return dims.every((side: unknown) => Number.isSafeInteger(side) && (side as number) > 0);
}
