import { Decompress } from "fzstd";

/** Magic number of a Zstandard frame (RFC 8878, section 3.1.1). */
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd] as const;

/**
 * Decodes the first Zstandard frame of `bytes`, `length` bytes of it at most.
 *
 * fzstd believes what a frame says of its window and allocates it (2 GiB at most): a window larger
 * than what is asked for serves nothing, and is made smaller before fzstd sees it. Throws plain Errors.
 */
export function inflateZstd(bytes: Uint8Array, length: number): ArrayBuffer {
  const frame = firstFrame(bytes);
  boundWindow(frame, length);
  const out = new Uint8Array(length);
  let done = 0;
  new Decompress((block) => {
    if (done + block.length > length) {
      throw new Error(`it holds more than the ${length} bytes expected`);
    }
    out.set(block, done);
    done += block.length;
  }).push(frame, true);
  return done === length ? out.buffer : out.buffer.slice(0, done);
}

/** A copy of the first frame alone: what follows it would be allowed a window of its own. */
function firstFrame(bytes: Uint8Array): Uint8Array {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw new Error("it is no Zstandard frame");
  const flags = bytes[4]!;
  const single = (flags & 0x20) !== 0;
  const [dictionary, content] = [[0, 1, 2, 4][flags & 3]!, flags >> 6];
  let at = 5 + (single ? 0 : 1) + dictionary + (content > 0 ? 2 ** content : single ? 1 : 0);
  for (let last = false; !last; ) {
    if (at + 3 > bytes.length) throw new Error("its Zstandard frame is cut short");
    const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    last = (header & 1) === 1;
    // A block of repeats (type 1) stores one byte, whatever its size.
    at += 3 + (((header >> 1) & 3) === 1 ? 1 : header >> 3);
  }
  const checksum = (flags & 4) === 0 ? 0 : 4;
  if (at + checksum > bytes.length) throw new Error("its Zstandard frame is cut short");
  return bytes.slice(0, at + checksum);
}

function boundWindow(frame: Uint8Array, length: number): void {
  const flags = frame[4]!;
  if ((flags & 0x20) === 0) {
    const exponent = Math.max(0, Math.ceil(Math.log2(length)) - 10);
    if (frame[5]! >> 3 >= exponent) frame[5] = exponent << 3;
    return;
  }
  // Of a single segment the content is the window.
  const view = new DataView(frame.buffer, 5 + [0, 1, 2, 4][flags & 3]!);
  const claims = [
    () => view.getUint8(0),
    () => view.getUint16(0, true) + 256,
    () => view.getUint32(0, true),
    () => Number(view.getBigUint64(0, true)),
  ][flags >> 6]!();
  if (claims > length) throw new Error(`it claims ${claims} bytes where ${length} were expected`);
}
