import type { TextBytes } from "./text-bytes.ts";

/** No number's text is longer: `-1.7976931348623157e+308`, and what a store of four bytes runs over. */
export const LONGEST_NUMBER = 32;

/** Scaled values up to here are written by integer arithmetic; beyond, a number's own text is taken. */
const MOST = 2 ** 31 - 1;

/** How near a half a scaled value may come before its rounding is left to `toFixed`, which is exact. */
const NEAR_HALF = 1e-5;

const [POINT, MINUS, ZERO] = [0x2e, 0x2d, 0x30];

/** Four bytes of text as the little-endian number that stores them at once. */
function packed(text: string): number {
  return Buffer.from(text.padEnd(4, " "), "latin1").readUInt32LE();
}

const THOUSANDS = Array.from({ length: 10_000 }, (_, n) => String(n));
/** 0 to 9999 without leading zeros: "7   ", "42  ", … */
const LEADING = Uint32Array.from(THOUSANDS, packed);
/** "0000" to "9999". */
const FOLLOWING = Uint32Array.from(THOUSANDS, (text) => packed(text.padStart(4, "0")));

/** Hundredths and the byte after them: `,`, `.5,` or `.25,`. */
function endings(after: string): { readonly text: Uint32Array; readonly length: Uint8Array } {
  const texts = Array.from({ length: 100 }, (_, n) => {
    if (n === 0) return after;
    return `.${String(n).padStart(2, "0").replace(/0$/, "")}${after}`;
  });
  return {
    text: Uint32Array.from(texts, packed),
    length: Uint8Array.from(texts, ({ length }) => length),
  };
}

const { text: COMMA, length: COMMA_LENGTH } = endings(",");
const { text: BRACKET, length: BRACKET_LENGTH } = endings("]");

/**
 * Writes `x,y]`, hundredths each, as JSON has `Math.round(value) / 100`, at `at`; returns where it ends.
 *
 * Room for two {@link LONGEST_NUMBER}s is taken for granted.
 */
export function putPosition(out: TextBytes, at: number, x: number, y: number): number {
  const { view } = out;
  const right = Math.round(x);
  const down = Math.round(y);
  // Not so for NaN, either.
  if (!(right >= 0 && right <= MOST && down >= 0 && down <= MOST)) {
    const text = `${right / 100 + 0},${down / 100 + 0}]`;
    return at + out.bytes.write(text, at, "latin1");
  }
  const across = (right / 100) | 0;
  const acrossRest = (right - across * 100) | 0;
  const afterX = putWhole(view, at, across);
  view.setUint32(afterX, COMMA[acrossRest]!, true);
  const start = afterX + COMMA_LENGTH[acrossRest]!;
  const along = (down / 100) | 0;
  const alongRest = (down - along * 100) | 0;
  const afterY = putWhole(view, start, along);
  view.setUint32(afterY, BRACKET[alongRest]!, true);
  return afterY + BRACKET_LENGTH[alongRest]!;
}

/**
 * Writes `Number(value.toFixed(decimals))` of a finite value at `at` as JSON does; returns where it ends.
 *
 * `decimals` is 0 to 4. Room for a {@link LONGEST_NUMBER} is taken for granted.
 */
export function putFixed(out: TextBytes, at: number, value: number, decimals: number): number {
  const scale = SCALES[decimals]!;
  const size = Math.abs(value) * scale;
  const scaled = Math.floor(size + 0.5);
  if (isDoubtful(size, scaled)) {
    // Adding 0 turns −0, which JSON spells 0, into 0.
    return at + out.bytes.write(String(Number(value.toFixed(decimals)) + 0), at, "latin1");
  }
  const { bytes, view } = out;
  let end = at;
  if (value < 0 && scaled > 0) bytes[end++] = MINUS;
  const whole = (scaled / scale) | 0;
  let rest = (scaled - whole * scale) | 0;
  end = putWhole(view, end, whole);
  if (rest === 0) return end;
  bytes[end++] = POINT;
  let digits = decimals;
  while (rest % 10 === 0) {
    rest = (rest / 10) | 0;
    digits--;
  }
  for (let i = end + digits - 1; i >= end; i--) {
    const next = (rest / 10) | 0;
    bytes[i] = ZERO + rest - next * 10;
    rest = next;
  }
  return end + digits;
}

/** `Number(value.toFixed(decimals))` of a finite value, as {@link putFixed} writes it: for formats that keep numbers. */
export function fixedTo(value: number, decimals: number): number {
  const scale = SCALES[decimals]!;
  const size = Math.abs(value) * scale;
  const scaled = Math.floor(size + 0.5);
  if (isDoubtful(size, scaled)) return Number(value.toFixed(decimals));
  return (value < 0 ? -scaled : scaled) / scale;
}

function isDoubtful(size: number, scaled: number): boolean {
  return scaled > MOST || Math.abs(size - scaled + 0.5) < NEAR_HALF;
}

const SCALES = [1, 10, 100, 1000, 10_000];

/** Writes a whole number from 0 to 2³¹ − 1, in stores of four bytes of which the last may run over. */
function putWhole(view: DataView, at: number, whole: number): number {
  if (whole < 10_000) {
    view.setUint32(at, LEADING[whole]!, true);
    return at + (whole < 100 ? (whole < 10 ? 1 : 2) : whole < 1000 ? 3 : 4);
  }
  const upper = (whole / 10_000) | 0;
  const end = putWhole(view, at, upper);
  view.setUint32(end, FOLLOWING[whole - upper * 10_000]!, true);
  return end + 4;
}
