import { isCodestream } from "./jpeg2000-header.ts";

/** A JPEG 2000 codestream, and what the file around it says of its colours. */
export interface Jp2Content {
  readonly codestream: Uint8Array;
  /** The components are YCbCr (enumerated colour space 18, sYCC). */
  readonly yCbCr: boolean;
}

const SYCC = 18;

/**
 * Finds the codestream in a JP2 file (ISO/IEC 15444-1, annex I), or takes bytes that are one.
 *
 * Throws plain Errors where there is none, and for palettes, whose colours are not in the codestream.
 */
export function readJp2(bytes: Uint8Array): Jp2Content {
  if (isCodestream(bytes)) return { codestream: bytes, yCbCr: false };
  let yCbCr = false;
  for (const box of boxesOf(bytes)) {
    if (box.type === "jp2c") return { codestream: box.content, yCbCr };
    if (box.type !== "jp2h") continue;
    for (const { type, content } of boxesOf(box.content)) {
      if (type === "pclr") throw new Error("its JPEG 2000 colours are a palette's");
      // Method 1: an enumerated colour space, four bytes after method, precedence and approximation.
      if (type === "colr" && content[0] === 1 && content.length >= 7) yCbCr = content[6] === SYCC;
    }
  }
  throw new Error("it holds no JPEG 2000 codestream");
}

function* boxesOf(bytes: Uint8Array): Generator<{ type: string; content: Uint8Array }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length; ) {
    const stated = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const long = stated === 1 && at + 16 <= bytes.length;
    const header = long ? 16 : 8;
    // Length 0: to the end; 1: eight bytes of length after the type.
    const length =
      stated === 0 ? bytes.length - at : long ? Number(view.getBigUint64(at + 8)) : stated;
    if (length < header || at + length > bytes.length) return;
    yield { type, content: bytes.subarray(at + header, at + length) };
    at += length;
  }
}
