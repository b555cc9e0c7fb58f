/** Bytes that are being put together: little-endian, bits from the low end of each byte up. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #length = 0;
  #bits = 0;
  #waiting = 0;

  constructor(capacity = 1 << 12) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written, as it stands: valid until more is written. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** A whole number up to 2⁵³ either way, in eight bytes. */
  i64(value: number): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#length, BigInt(value), true);
    this.#length += 8;
  }

  put(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The low `width` bits of a value below 2^width; `width` at most 24. End a run of bits with {@link endBits}. */
  bits(value: number, width: number): void {
    let bits = this.#bits | (value << this.#waiting);
    let waiting = this.#waiting + width;
    if (this.#length + 4 > this.#bytes.length) this.#reserve(4);
    while (waiting >= 8) {
      this.#bytes[this.#length++] = bits & 255;
      bits >>>= 8;
      waiting -= 8;
    }
    this.#bits = bits;
    this.#waiting = waiting;
  }

  /** The same up to 53 bits wide. */
  wideBits(value: number, width: number): void {
    let [rest, left] = [value, width];
    for (; left > 24; left -= 24) {
      this.bits(rest % 2 ** 24, 24);
      rest = Math.floor(rest / 2 ** 24);
    }
    this.bits(rest, left);
  }

  /** Fills up the last byte with zeros. */
  endBits(): void {
    if (this.#waiting > 0) this.bits(0, 8 - this.#waiting);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
