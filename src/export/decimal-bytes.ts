import type { TextBytes } from "./text-bytes.ts";

/** No number's text is longer: `-1.7976931348623157e+308`, and what a store of four bytes runs over. */
export const LONGEST_NUMBER = 32;

/** Scaled values up to here are written by integer arithmetic; beyond, a number's own text is taken. */
const MOST = 2 ** 31 - 1;

/** How near a half a scaled value may come before its rounding is left to `toFixed`, which is exact. */
const NEAR_HALF = 1e-5;

const [POINT, MINUS, COMMA, OPEN, CLOSE] = [0x2e, 0x2d, 0x2c, 0x5b, 0x5d];

/** Four bytes of text as the little-endian number that stores them at once. */
function packed(text: string): number {
  return Buffer.from(text.padEnd(4, " "), "latin1").readUInt32LE();
}

const THOUSANDS = Array.from({ length: 10_000 }, (_, n) => String(n));
/** 0 to 9999 without leading zeros: "7   ", "42  ", … */
const LEADING = Uint32Array.from(THOUSANDS, packed);
/** "0000" to "9999". */
const FOLLOWING = Uint32Array.from(THOUSANDS, (text) => packed(text.padStart(4, "0")));

/** How many of four decimals are left without the zeros at their end. */
const DIGITS = Uint8Array.from(
  THOUSANDS,
  (text) => text.padStart(4, "0").replace(/0+$/, "").length,
);

/** 0 to 9999 hundredths behind digits before them, eight bytes to a number: "00", "42.5", "07.25", … */
const TAILS = THOUSANDS.map((text) => {
  const [whole, hundredths] = [text.padStart(4, "0").slice(0, 2), text.padStart(4, "0").slice(2)];
  return hundredths === "00" ? whole : `${whole}.${hundredths.replace(/0$/, "")}`;
});
const TAIL = Float64Array.from(TAILS, (text) =>
  Buffer.from(text.padEnd(8, " "), "latin1").readDoubleLE(),
);
const TAIL_LENGTH = Uint8Array.from(TAILS, ({ length }) => length);
const TAIL_SPAN = 10_000;

const HEAD = new DataView(new ArrayBuffer(8));

/**
 * Writes the positions of a ring, `[x,y],` each, at `at`; returns where they end.
 *
 * `units` from `from` to `to` are x0, y0, x1, …; a number is what JSON has of `Math.round(value) / 100`,
 * the origin taken off before. Digits before the last four of hundredths are those of the point before more often than not,
 * and are then stored again. Room is taken for granted: two {@link LONGEST_NUMBER}s and four bytes a position.
 */
export function putPositions(
  out: TextBytes,
  at: number,
  { units, from, to, originX, originY }: RingUnits,
): number {
  const { bytes, view } = out;
  let [headX, textX, lengthX] = [0, 0, 0];
  let [headY, textY, lengthY] = [0, 0, 0];
  let end = at;
  for (let i = from; i < to; i += 2) {
    bytes[end++] = OPEN;
    const x = units[i]! - originX;
    const right = x | 0;
    if (right === x && right >= TAIL_SPAN) {
      const head = (right / TAIL_SPAN) | 0;
      if (head !== headX) {
        lengthX = putWhole(HEAD, 0, head);
        [headX, textX] = [head, HEAD.getFloat64(0, true)];
      }
      const tail = right - head * TAIL_SPAN;
      view.setFloat64(end, textX, true);
      view.setFloat64(end + lengthX, TAIL[tail]!, true);
      end += lengthX + TAIL_LENGTH[tail]!;
    } else end = putHundredths(out, end, x);
    bytes[end++] = COMMA;
    const y = units[i + 1]! - originY;
    const down = y | 0;
    if (down === y && down >= TAIL_SPAN) {
      const head = (down / TAIL_SPAN) | 0;
      if (head !== headY) {
        lengthY = putWhole(HEAD, 0, head);
        [headY, textY] = [head, HEAD.getFloat64(0, true)];
      }
      const tail = down - head * TAIL_SPAN;
      view.setFloat64(end, textY, true);
      view.setFloat64(end + lengthY, TAIL[tail]!, true);
      end += lengthY + TAIL_LENGTH[tail]!;
    } else end = putHundredths(out, end, y);
    bytes[end] = CLOSE;
    bytes[end + 1] = COMMA;
    end += 2;
  }
  return end;
}

/** A ring's stretch of `units`, hundredths of a level-0 px, and what is taken off each. */
export interface RingUnits {
  readonly units: Float64Array;
  readonly from: number;
  readonly to: number;
  readonly originX: number;
  readonly originY: number;
}

/** Any value as JSON has `Math.round(value) / 100`; room for a {@link LONGEST_NUMBER} is taken for granted. */
function putHundredths(out: TextBytes, at: number, value: number): number {
  const rounded = Math.round(value);
  // Not so for NaN, either.
  if (rounded > 0 && rounded <= MOST) return putDecimals(out, at, rounded, 2);
  return at + out.bytes.write(String(rounded / 100 + 0), at, "latin1");
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
  if (!(value < 0 && scaled > 0)) return putDecimals(out, at, scaled, decimals);
  out.bytes[at] = MINUS;
  return putDecimals(out, at + 1, scaled, decimals);
}

/** Writes a whole number up to {@link MOST} of 10^-decimals. */
function putDecimals(
  { bytes, view }: TextBytes,
  at: number,
  scaled: number,
  decimals: number,
): number {
  const scale = SCALES[decimals]!;
  const whole = (scaled / scale) | 0;
  const rest = (scaled - whole * scale) | 0;
  const end = putWhole(view, at, whole);
  if (rest === 0) return end;
  bytes[end] = POINT;
  const inFour = rest * SCALES[MOST_DECIMALS - decimals]!;
  view.setUint32(end + 1, FOLLOWING[inFour]!, true);
  return end + 1 + DIGITS[inFour]!;
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
const MOST_DECIMALS = 4;

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
