import type { ByteReader, Refuse } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";

/** Set in a column's width where code 0 stands for no value. */
const HAS_GAPS = 0x80;
const MOST_BITS = 53;
/** So that the span of a column has 53 bits at most. */
const MOST_VALUE = 2 ** 51;

/**
 * Writes whole numbers (at most 2⁵¹ from zero; NaN for none) as a column: the value that code 0 stands
 * for (int64), the bits of a code with 128 added where code 0 means no value, and the codes.
 */
export function writeColumn(out: ByteWriter, values: ArrayLike<number>, count: number): void {
  let [low, high, gaps] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, false];
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
    if (Number.isNaN(value)) gaps = true;
  }
  if (low > high) [low, high] = [1, 0];
  else if (!(low >= -MOST_VALUE && high <= MOST_VALUE)) {
    throw new RangeError(`found values from ${low} to ${high}, expected at most 2^51 either way`);
  }
  const base = gaps ? low - 1 : low;
  const width = bitsOf(high - base);
  out.i64(base);
  out.u8(width | (gaps ? HAS_GAPS : 0));
  if (width === 0) return;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    const code = Number.isNaN(value) ? 0 : value - base;
    if (width <= 24) out.bits(code, width);
    else out.wideBits(code, width);
  }
  out.endBits();
}

function bitsOf(most: number): number {
  return most < 2 ** 31 ? 32 - Math.clz32(most) : Math.floor(Math.log2(most)) + 1;
}

/** A column where it lies: any value of it without the others. */
export class PackedColumn {
  readonly count: number;
  readonly #bytes: Uint8Array;
  readonly #base: number;
  readonly #width: number;
  readonly #gaps: boolean;

  /** Takes a column of `count` values from where the reader stands, and checks that all are there. */
  constructor(reader: ByteReader, count: number) {
    this.count = count;
    this.#base = reader.i64();
    const coded = reader.u8();
    this.#gaps = (coded & HAS_GAPS) !== 0;
    this.#width = coded & ~HAS_GAPS;
    if (this.#width > MOST_BITS || Math.abs(this.#base) > MOST_VALUE + 1) {
      reader.refuse(`a column of ${this.#width} bits from ${this.#base}`);
    }
    this.#bytes = reader.take(Math.ceil((count * this.#width) / 8));
  }

  /** Whether it may lack values. */
  get hasGaps(): boolean {
    return this.#gaps;
  }

  /** The value at a position, NaN where there is none. */
  at(index: number): number {
    const code =
      this.#width <= 24 ? this.#code(index * this.#width, this.#width) : this.#wide(index);
    return code === 0 && this.#gaps ? Number.NaN : this.#base + code;
  }

  /**
   * The sum of a column of lengths, each at least `least`: refused where one is less or has no value, or
   * where the sum is more than `most`.
   */
  totalLength(least: number, most: number, refuse: Refuse): number {
    if (this.#gaps || this.#base < least) refuse(`a length of ${this.#base}`);
    let sum = this.#width === 0 ? this.#base * this.count : 0;
    for (let i = 0; this.#width > 0 && i < this.count; i++) sum += this.at(i);
    return sum <= most ? sum : refuse(`lengths of ${sum} together where ${most} is the most`);
  }

  #code(bit: number, width: number): number {
    const bytes = this.#bytes;
    const at = bit >>> 3;
    const word =
      bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    return (word >>> (bit & 7)) & ((1 << width) - 1);
  }

  #wide(index: number): number {
    let [value, scale, bit, left] = [0, 1, index * this.#width, this.#width];
    for (; left > 24; left -= 24) {
      value += this.#code(bit, 24) * scale;
      scale *= 2 ** 24;
      bit += 24;
    }
    return value + this.#code(bit, left) * scale;
  }
}
