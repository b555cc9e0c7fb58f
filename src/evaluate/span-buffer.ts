/** Runs of pixels of many objects in one strip of rows; typed arrays that are filled, sorted and reused. */
export class SpanBuffer {
  #rows = new Uint32Array(1024);
  #starts = new Int32Array(1024);
  #ends = new Int32Array(1024);
  #ids = new Uint32Array(1024);
  #count = 0;
  #order = new Uint32Array(0);
  #rowStarts = new Uint32Array(1);

  clear(): void {
    this.#count = 0;
  }

  /** Adds columns start ≤ x < end of a row (counted from the strip's top) for object `id`. */
  push(row: number, start: number, end: number, id: number): void {
    const i = this.#count;
    if (i === this.#rows.length) this.#grow();
    this.#rows[i] = row;
    this.#starts[i] = start;
    this.#ends[i] = end;
    this.#ids[i] = id;
    this.#count = i + 1;
  }

  /** Puts the runs in order of row, then start, then id; needed before any reading. */
  sort(rows: number): void {
    const rowStarts = new Uint32Array(rows + 1);
    for (let i = 0; i < this.#count; i++) {
      const row = this.#rows[i]!;
      rowStarts[row + 1] = rowStarts[row + 1]! + 1;
    }
    for (let row = 0; row < rows; row++) rowStarts[row + 1] = rowStarts[row + 1]! + rowStarts[row]!;
    const next = rowStarts.slice();
    const order = new Uint32Array(this.#count);
    for (let i = 0; i < this.#count; i++) {
      const row = this.#rows[i]!;
      order[next[row]!] = i;
      next[row] = next[row]! + 1;
    }
    for (let row = 0; row < rows; row++) {
      order
        .subarray(rowStarts[row], rowStarts[row + 1])
        .sort((a, b) => this.#starts[a]! - this.#starts[b]! || this.#ids[a]! - this.#ids[b]!);
    }
    this.#order = order;
    this.#rowStarts = rowStarts;
  }

  /** First and past-the-last position of a row's runs. */
  rowRange(row: number): readonly [number, number] {
    return [this.#rowStarts[row]!, this.#rowStarts[row + 1]!];
  }

  start(position: number): number {
    return this.#starts[this.#order[position]!]!;
  }

  end(position: number): number {
    return this.#ends[this.#order[position]!]!;
  }

  id(position: number): number {
    return this.#ids[this.#order[position]!]!;
  }

  /** Pixels of a row that any run covers. */
  unionLength(row: number): number {
    let pixels = 0;
    for (const [start, end] of this.#merged(row)) pixels += end - start;
    return pixels;
  }

  /** Pixels of a row that runs of both buffers cover. */
  commonLength(other: SpanBuffer, row: number): number {
    const a = this.#merged(row);
    const b = other.#merged(row);
    let pixels = 0;
    for (let i = 0, j = 0; i < a.length && j < b.length; ) {
      const end = Math.min(a[i]![1], b[j]![1]);
      pixels += Math.max(0, end - Math.max(a[i]![0], b[j]![0]));
      if (a[i]![1] === end) i++;
      else j++;
    }
    return pixels;
  }

  #merged(row: number): [number, number][] {
    const merged: [number, number][] = [];
    const [from, to] = this.rowRange(row);
    for (let i = from; i < to; i++) {
      const last = merged.at(-1);
      if (last && this.start(i) <= last[1]) last[1] = Math.max(last[1], this.end(i));
      else merged.push([this.start(i), this.end(i)]);
    }
    return merged;
  }

  #grow(): void {
    const size = this.#rows.length * 2;
    const grown = <T extends Uint32Array | Int32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#rows = grown(this.#rows, new Uint32Array(size));
    this.#starts = grown(this.#starts, new Int32Array(size));
    this.#ends = grown(this.#ends, new Int32Array(size));
    this.#ids = grown(this.#ids, new Uint32Array(size));
  }
}
