import { PHOTOMETRIC } from "../tiff/names.ts";
import type { PixelRules } from "./pixel-rules.ts";

/**
 * Whether a JPEG frame's three components are RGB or YCbCr, as a TIFF's photometric tag would say it.
 *
 * Many writers call YCbCr frames RGB, so what the stream says of itself counts first, as in libjpeg: an
 * Adobe marker, a JFIF marker (always YCbCr), chroma of lower resolution (never RGB); only then the
 * file's photometric interpretation.
 */
export function jpegPhotometric(jpeg: Uint8Array, rules: PixelRules): number {
  const said = rules.photometric === "RGB" ? PHOTOMETRIC.rgb : PHOTOMETRIC.yCbCr;
  let found: number | null = null;
  let at = 2;
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1]!;
    if (marker === 0xff) {
      at++; // A fill byte.
      continue;
    }
    const end = at + 2 + ((jpeg[at + 2]! << 8) | jpeg[at + 3]!);
    const body = jpeg.subarray(at + 4, end);
    if (marker === 0xda || end < at + 4) break;
    if (marker === 0xee && startsWith(body, "Adobe")) {
      return body[11] === 0 ? PHOTOMETRIC.rgb : PHOTOMETRIC.yCbCr;
    }
    if (marker === 0xe0 && startsWith(body, "JFIF")) found = PHOTOMETRIC.yCbCr;
    // SOF0 to SOF2: precision, height, width, components, then id, sampling and table of each.
    if (marker >= 0xc0 && marker <= 0xc2 && body[5] === 3 && body[7] !== body[10]) {
      found ??= PHOTOMETRIC.yCbCr;
    }
    at = end;
  }
  return found ?? said;
}

function startsWith(bytes: Uint8Array, word: string): boolean {
  return [...word].every((letter, i) => bytes[i] === letter.charCodeAt(0));
}
