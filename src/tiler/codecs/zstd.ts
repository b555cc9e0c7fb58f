import { decodeInLane } from "./lanes.ts";

/**
 * Decodes Zstandard (RFC 8878) to at most `length` bytes, on a thread of its own: fzstd takes seconds
 * for some hostile blocks of a few bytes. More than `length` is an error, less is returned as it is.
 * Throws plain Errors about the bytes; the caller names the file.
 */
export async function decodeZstd(bytes: Uint8Array, length: number): Promise<Uint8Array> {
  const { data } = await decodeInLane({ codec: "zstd", bytes, length }, length);
  return new Uint8Array(data);
}
