/** Says what is wrong with bytes that contradict themselves; the caller adds which file and where. */
export type Refuse = (found: string) => never;

/** Reads plain values from bytes, little-endian, and never beyond their end. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly refuse: Refuse;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array, refuse: Refuse) {
    this.bytes = bytes;
    this.refuse = refuse;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get position(): number {
    return this.#position;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.bytes.length - this.#position;
  }

  u8(): number {
    return this.#view.getUint8(this.#step(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#step(4), true);
  }

  /** A whole number in eight bytes; one beyond 2⁵³ is refused. */
  i64(): number {
    const value = Number(this.#view.getBigInt64(this.#step(8), true));
    return Number.isSafeInteger(value) ? value : this.refuse("a number beyond 2^53");
  }

  /** The next `length` bytes, not copied. */
  take(length: number): Uint8Array {
    const from = this.#step(length);
    return this.bytes.subarray(from, from + length);
  }

  #step(length: number): number {
    const at = this.#position;
    if (!(length <= this.left)) {
      this.refuse(`${this.left} bytes where ${length} more were expected`);
    }
    this.#position = at + length;
    return at;
  }
}
