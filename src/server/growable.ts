type Numbers = Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

/** A typed array that doubles as it fills: for reading streams of unknown length without boxed numbers. */
export class Growable<T extends Numbers> {
  length = 0;
  #data: T;
  readonly #make: (length: number) => T;

  constructor(make: (length: number) => T, capacity = 1024) {
    this.#make = make;
    this.#data = make(capacity);
  }

  push(value: number): void {
    if (this.length === this.#data.length) {
      const grown = this.#make(this.#data.length * 2);
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#data[this.length++] = value;
  }

  at(index: number): number {
    return this.#data[index]!;
  }

  /** The values, in an array of their own length. */
  finish(): T {
    return this.#data.slice(0, this.length) as T;
  }
}
