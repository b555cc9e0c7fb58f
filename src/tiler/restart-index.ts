import type { ByteSource } from "./byte-source.ts";

/** A JPEG stream inside a file. */
export interface JpegStream {
  readonly source: ByteSource;
  /** Where it begins in the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** Bytes before its coded data. */
  readonly headerLength: number;
}

/** Bytes scanned for restart markers at a time. */
const SCAN_BYTES = 2 ** 21;

/**
 * Where the restart intervals of a JPEG stream begin.
 *
 * What the file lists is a hint, checked against the markers when an interval is read; where it is
 * absent or wrong, the stream is searched for its markers, once and only as far as was asked for.
 */
export class RestartIndex {
  readonly #stream: JpegStream;
  readonly #intervals: number;
  readonly #hints: () => Promise<Float64Array | null>;
  #listed: Promise<Float64Array | null> | undefined;
  #distrusted = false;
  /** Beginnings found by searching, the first `#found` of them. */
  #starts: Float64Array | undefined;
  #found = 0;
  #searchedTo = 0;
  #turn: Promise<void> = Promise.resolve();

  /** `hints` gives the beginnings that the file lists, in bytes from the stream's own. */
  constructor(stream: JpegStream, intervals: number, hints: () => Promise<Float64Array | null>) {
    this.#stream = stream;
    this.#intervals = intervals;
    this.#hints = hints;
  }

  /**
   * The coded data of intervals `first` to `first + count - 1`, without their markers; null where
   * the stream does not hold them. Never reads more than `most` bytes at once.
   */
  async read(first: number, count: number, most: number): Promise<Uint8Array[] | null> {
    const listed = this.#distrusted ? null : await this.#list();
    const hinted = listed && (await this.#cut(listed, first, count, most));
    if (hinted) return hinted;
    this.#distrusted = true;
    await this.#searchFor(first + count);
    return this.#cut(this.#starts!, first, count, most);
  }

  #list(): Promise<Float64Array | null> {
    this.#listed ??= this.#hints().then((starts) =>
      starts && starts.length >= this.#intervals ? starts : null,
    );
    return this.#listed;
  }

  /** Null unless every beginning lies behind the marker that it should. */
  async #cut(
    starts: Float64Array,
    first: number,
    count: number,
    most: number,
  ): Promise<Uint8Array[] | null> {
    const { source, offset, length, headerLength } = this.#stream;
    const last = first + count === this.#intervals;
    const from = starts[first]!;
    const to = last ? length : starts[first + count]!;
    if (!(from >= headerLength && from < to && to <= length && to - from <= most)) return null;
    const before = first === 0 ? 0 : 2;
    const bytes = await source.fetch(offset + from - before, to - from + before);
    const isMarker = (at: number, index: number): boolean =>
      bytes[at] === 0xff && bytes[at + 1] === 0xd0 + (index % 8);
    if (first > 0 && !isMarker(0, first - 1)) return null;
    if (first === 0 && from !== headerLength) return null;
    const intervals: Uint8Array[] = [];
    let at = before;
    for (let i = first; i < first + count; i++) {
      const end = i + 1 === this.#intervals ? bytes.length : starts[i + 1]! - from + before;
      const marked = i + 1 === this.#intervals ? endOfImage(bytes, at) : end - 2;
      if (!(marked >= at && end <= bytes.length)) return null;
      if (i + 1 < this.#intervals && !isMarker(marked, i)) return null;
      intervals.push(bytes.subarray(at, marked));
      at = end;
    }
    return intervals;
  }

  /** Searches on, one caller at a time, until the beginning of interval `index` is known or the stream ends. */
  #searchFor(index: number): Promise<void> {
    const turn = this.#turn.then(() => this.#search(Math.min(index, this.#intervals - 1)));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #search(index: number): Promise<void> {
    const { source, offset, length, headerLength } = this.#stream;
    if (!this.#starts) {
      // NaN for what is not found: no comparison holds for it.
      this.#starts = new Float64Array(this.#intervals).fill(Number.NaN);
      this.#starts[0] = headerLength;
      this.#found = 1;
      this.#searchedTo = headerLength;
    }
    while (this.#found <= index && this.#searchedTo + 2 <= length) {
      const size = Math.min(SCAN_BYTES, length - this.#searchedTo);
      const fetched = await source.fetch(offset + this.#searchedTo, size);
      const bytes = Buffer.from(fetched.buffer, fetched.byteOffset, fetched.length);
      let at = bytes.indexOf(0xff);
      while (at >= 0 && at + 1 < size && this.#found < this.#intervals) {
        if (bytes[at + 1] === 0xd0 + ((this.#found - 1) % 8)) {
          this.#starts[this.#found++] = this.#searchedTo + at + 2;
        }
        at = bytes.indexOf(0xff, at + 1);
      }
      // One byte over again: a marker may lie across the seam.
      this.#searchedTo += size - 1;
    }
  }
}

/** Where the last interval's data end: at EOI, if the stream has one. */
function endOfImage(bytes: Uint8Array, from: number): number {
  for (let at = bytes.length - 2; at >= from; at--) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return at;
  }
  return bytes.length;
}
