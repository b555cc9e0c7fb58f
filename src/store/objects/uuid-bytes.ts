/** Where the 32 digits of a UUID's text stand. */
const DIGITS = Uint8Array.from(
  [...Array(36).keys()].filter((at) => at !== 8 && at !== 13 && at !== 18 && at !== 23),
);
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const DASH = 0x2d;

/** Puts a UUID in its usual lower-case form into 16 bytes; false where the text is none. */
export function putUuid(text: string, into: Uint8Array, at: number): boolean {
  if (text.length !== 36) return false;
  for (const dash of [8, 13, 18, 23]) if (text.charCodeAt(dash) !== DASH) return false;
  for (let i = 0; i < 16; i++) {
    const high = digit(text.charCodeAt(DIGITS[2 * i]!));
    const low = digit(text.charCodeAt(DIGITS[2 * i + 1]!));
    if (high < 0 || low < 0) return false;
    into[at + i] = (high << 4) | low;
  }
  return true;
}

function digit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : -1;
}

/** The text of the 16 bytes at a place. */
export function uuidAt(bytes: Uint8Array, at: number): string {
  let text = "";
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
    text += HEX[bytes[at + i]!]!;
  }
  return text;
}
