import type { Outline } from "../../outline.ts";
import type { Refuse } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

/**
 * Rings as bits, after Rice (R. F. Rice, "Some practical universal noiseless coding techniques",
 * JPL 79-22, 1979): each coordinate is the difference from a guess, zigzagged to u ≥ 0; u / 2^k is
 * written as so many ones and a zero, then its k low bits. k is chosen for each object.
 *
 * The guess is the point before (order 1), or that point moved on by the last step (order 2): smooth
 * outlines are smaller by the second, thinned ones by the first. Units are hundredths of a pixel.
 */

/** Coordinates may be so far from zero, in hundredths of a level-0 px. */
export const MOST_UNITS = 2 ** 44;

/** So many ones say that 48 bits follow plainly. */
const ESCAPE = 24;
const MOST_K = 24;

/**
 * Writes rings that lie end to end in `units` (x0, y0, x1, y1, …). The first point of the first ring
 * is not written; further rings begin relative to it.
 */
export function writeRings(
  out: ByteWriter,
  units: Float64Array,
  pointsOf: ArrayLike<number>,
  rings: number,
): void {
  const { order, k } = bestOrder(units, pointsOf, rings);
  out.bits((order - 1) | (k << 1), 6);
  let [x0, y0] = [units[0]!, units[1]!];
  let [dx, dy] = [0, 0];
  let at = 0;
  for (let r = 0; r < rings; r++) {
    if (r > 0) {
      writeRice(out, units[at]! - x0, k);
      writeRice(out, units[at + 1]! - y0, k);
    }
    [x0, y0, dx, dy] = [units[at]!, units[at + 1]!, 0, 0];
    let [x, y] = [x0, y0];
    const end = at + 2 * pointsOf[r]!;
    for (at += 2; at < end; at += 2) {
      const [nextX, nextY] = [units[at]!, units[at + 1]!];
      writeRice(out, nextX - x - dx, k);
      writeRice(out, nextY - y - dy, k);
      if (order === 2) {
        dx = nextX - x;
        dy = nextY - y;
      }
      x = nextX;
      y = nextY;
    }
  }
  out.endBits();
}

/** The order whose differences are smaller, and the k that fits them. */
function bestOrder(
  units: Float64Array,
  pointsOf: ArrayLike<number>,
  rings: number,
): { readonly order: 1 | 2; readonly k: number } {
  let [first, second, count, at] = [0, 0, 0, 0];
  for (let r = 0; r < rings; r++) {
    const end = at + 2 * pointsOf[r]!;
    let [dx, dy] = [0, 0];
    for (at += 2; at < end; at += 2) {
      const nextDx = units[at]! - units[at - 2]!;
      const nextDy = units[at + 1]! - units[at - 1]!;
      first += Math.abs(nextDx) + Math.abs(nextDy);
      second += Math.abs(nextDx - dx) + Math.abs(nextDy - dy);
      dx = nextDx;
      dy = nextDy;
      count += 2;
    }
  }
  // Zigzag doubles; the mean of a geometric distribution times ln 2 is its median.
  const mean = (2 * Math.min(first, second)) / Math.max(1, count);
  const k = Math.max(0, Math.min(MOST_K, Math.floor(Math.log2(mean * Math.LN2 + 1))));
  return { order: second < first ? 2 : 1, k };
}

function writeRice(out: ByteWriter, difference: number, k: number): void {
  const u = difference >= 0 ? 2 * difference : -2 * difference - 1;
  const small = u < 2 ** 30;
  const high = small ? u >>> k : Math.floor(u / 2 ** k);
  if (high >= ESCAPE) {
    out.bits(2 ** ESCAPE - 1, ESCAPE);
    out.wideBits(u, 48);
    return;
  }
  // Numbers of 32 bits, where they do, for speed.
  const low = small ? u & ((1 << k) - 1) : u % 2 ** k;
  const ones = (1 << high) - 1;
  if (high + 1 + k <= 24) {
    out.bits(ones | (low << (high + 1)), high + 1 + k);
    return;
  }
  out.bits(ones, high + 1);
  out.bits(low, k);
}

/** Reads the rings of a block's objects back, from outlines that lie end to end. */
export class RingReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #refuse: Refuse;
  #position = 0;
  #bits = 0;
  #have = 0;

  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#refuse = refuse;
  }

  /**
   * The rings of the object whose outline lies from byte `from` to `to`, `outline.pointsOf` points each, into its units;
   * the first begins at (x0, y0) hundredths. The caller has made sure that so many points fit into the bytes of all.
   */
  read(from: number, to: number, x0: number, y0: number, outline: Outline): void {
    this.#position = from;
    this.#bits = 0;
    this.#have = 0;
    const head = this.#take(6);
    const [second, k] = [(head & 1) === 1, head >>> 1];
    if (k > MOST_K) this.#refuse(`an outline of k = ${k}`);
    const { units, pointsOf } = outline;
    let at = 0;
    let [startX, startY] = [x0, y0];
    for (let r = 0; r < pointsOf.length; r++) {
      if (r > 0) {
        startX += this.#difference(k);
        startY += this.#difference(k);
      }
      units[at] = startX;
      units[at + 1] = startY;
      const end = at + 2 * pointsOf[r]!;
      this.#ring(units, at, end, k, second);
      at = end;
    }
    const used = this.#position - (this.#have >> 3) - from;
    if (used !== to - from) {
      this.#refuse(`an outline of ${to - from} bytes that takes ${used}`);
    }
  }

  /** A ring behind its first point; #difference stands here once more, on local variables, for speed. */
  #ring(units: Float64Array, from: number, to: number, k: number, second: boolean): void {
    const bytes = this.#bytes;
    const view = this.#view;
    const end = bytes.length;
    const mask = (1 << k) - 1;
    let [bits, have, position] = [this.#bits, this.#have, this.#position];
    // The coordinate that comes next and the other one take turns.
    let [value, other, step, otherStep] = [units[from]!, units[from + 1]!, 0, 0];
    for (let i = from + 2; i < to; i++) {
      if (position + 4 <= end) {
        // Bits beyond those that are counted are the same when they come again.
        bits |= view.getInt32(position, true) << have;
        position += (31 - have) >> 3;
        have |= 24;
      } else {
        while (have <= 24) {
          if (position < end) bits |= bytes[position]! << have;
          position++;
          have += 8;
        }
      }
      const zero = ~bits & (bits + 1);
      const ones = 31 - Math.clz32(zero);
      let difference: number;
      if (zero !== 0 && ones + 1 + k <= have && ones + k < 24) {
        bits >>>= ones + 1;
        const u = (ones << k) | (bits & mask);
        bits >>>= k;
        have -= ones + 1 + k;
        difference = (u >>> 1) ^ -(u & 1);
      } else {
        [this.#bits, this.#have, this.#position] = [bits, have, position];
        difference = this.#difference(k);
        [bits, have, position] = [this.#bits, this.#have, this.#position];
      }
      const next = value + step + difference;
      const moved = second ? next - value : 0;
      units[i] = next;
      value = other;
      other = next;
      step = otherStep;
      otherStep = moved;
    }
    [this.#bits, this.#have, this.#position] = [bits, have, position];
  }

  #difference(k: number): number {
    this.#fill();
    // The lowest bit that is 0 ends the ones.
    const end = ~this.#bits & (this.#bits + 1);
    const ones = end === 0 ? ESCAPE : 31 - Math.clz32(end);
    if (ones >= ESCAPE) {
      this.#take(ESCAPE);
      const low = this.#take(24);
      return unzigzag(low + this.#take(24) * 2 ** 24);
    }
    this.#bits >>>= ones + 1;
    this.#have -= ones + 1;
    const low = this.#take(k);
    if (k + ones >= 24) return unzigzag(ones * 2 ** k + low);
    const u = (ones << k) | low;
    return (u >>> 1) ^ -(u & 1);
  }

  /** The next `width` bits, at most 24. */
  #take(width: number): number {
    if (width === 0) return 0;
    if (this.#have < width) this.#fill();
    const value = this.#bits & ((1 << width) - 1);
    this.#bits >>>= width;
    this.#have -= width;
    return value;
  }

  /** Has 25 bits ready or more; behind the end there are zeros. */
  #fill(): void {
    while (this.#have <= 24) {
      this.#bits |= (this.#bytes[this.#position++] ?? 0) << this.#have;
      this.#have += 8;
    }
  }
}

function unzigzag(u: number): number {
  return u % 2 === 0 ? u / 2 : -(u + 1) / 2;
}
