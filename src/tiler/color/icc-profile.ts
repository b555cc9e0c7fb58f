/** What is told of an ICC profile, or what is wrong with it. */
export interface IccFacts {
  /** Its own name, e.g. "sRGB IEC61966-2.1"; "" where it has none. */
  readonly description: string;
  /** Colours it is for, e.g. "RGB", "GRAY", "CMYK". */
  readonly space: string;
  /** Why it cannot be used, in half a sentence; null for a sound one. */
  readonly damage: string | null;
}

/** Longest name that is shown, characters. */
const MOST_NAME = 200;

/** Header and tag count (ICC.1:2010, 7.2 and 7.3). */
const LEAST_BYTES = 132;

/** Tags that a profile of a real device may have; more is damage. */
const MOST_TAGS = 200;

/**
 * Reads name and colour space of a profile; never throws, and allocates no more than its name.
 *
 * Source: ICC.1:2010 (profile version 4.3), 7.2 header, 7.3 tag table, 10.13 multiLocalizedUnicodeType;
 * ICC.1:2001-04, 6.5.17 textDescriptionType.
 */
export function readIccFacts(profile: Uint8Array): IccFacts {
  const nothing = { description: "", space: "" };
  if (profile.length < LEAST_BYTES) {
    return { ...nothing, damage: `it has ${profile.length} bytes, fewer than a header` };
  }
  const view = new DataView(profile.buffer, profile.byteOffset, profile.length);
  if (ascii(profile, 36, 4) !== "acsp") return { ...nothing, damage: "it has no ICC signature" };
  const space = ascii(profile, 16, 4).trim();
  if (view.getUint32(0) > profile.length) {
    const damage = `it says ${view.getUint32(0)} bytes and has ${profile.length}`;
    return { description: "", space, damage };
  }
  const count = view.getUint32(128);
  if (count > MOST_TAGS || LEAST_BYTES + count * 12 > profile.length) {
    return { description: "", space, damage: `it claims ${count} tags` };
  }
  let description = "";
  for (let i = 0; i < count; i++) {
    const entry = LEAST_BYTES + i * 12;
    const [offset, length] = [view.getUint32(entry + 4), view.getUint32(entry + 8)];
    const name = ascii(profile, entry, 4);
    if (offset + length > profile.length) {
      return { description, space, damage: `its tag ${name} lies beyond its end` };
    }
    if (name === "desc") description = readName(profile.subarray(offset, offset + length));
  }
  return { description, space, damage: null };
}

function readName(tag: Uint8Array): string {
  if (tag.length < 12) return "";
  const view = new DataView(tag.buffer, tag.byteOffset, tag.length);
  const type = ascii(tag, 0, 4);
  if (type === "desc") return clean(ascii(tag, 12, Math.min(view.getUint32(8), MOST_NAME)));
  if (type !== "mluc" || tag.length < 28) return "";
  // The first of its languages: English, or the only one.
  const [length, offset] = [view.getUint32(20), view.getUint32(24)];
  const text = tag.subarray(offset, offset + Math.min(length, 2 * MOST_NAME));
  return clean(new TextDecoder("utf-16be").decode(text));
}

/** Up to its NUL, and nothing that a terminal would obey. */
function clean(text: string): string {
  return text
    .split("\0")[0]!
    .replace(/\p{Cc}+/gu, " ")
    .trim();
}

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
