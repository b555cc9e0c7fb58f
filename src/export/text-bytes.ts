import { CHUNKS_IN_USE } from "./write-whole.ts";

/**
 * Text in the making, as UTF-8 bytes: many times as fast as strings put together.
 *
 * `bytes` up to `length` is what was written. Whoever writes into `bytes` asks for `room` first.
 */
export class TextBytes {
  bytes: Buffer;
  /** The same bytes, for storing several at once. */
  view: DataView;
  length = 0;

  /** Of a size to begin with, or over memory that is there. */
  constructor(begin: number | ArrayBuffer) {
    this.bytes = typeof begin === "number" ? Buffer.allocUnsafeSlow(begin) : Buffer.from(begin);
    this.view = viewOf(this.bytes);
  }

  /** Makes room for so many more bytes. */
  room(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
    this.view = viewOf(larger);
  }

  text(text: string): void {
    this.room(text.length * 3);
    this.length += this.bytes.write(text, this.length, "utf8");
  }

  /** Text made ready earlier. */
  put({ words, length }: Piece): void {
    this.room(words.length * 8);
    const { view, length: at } = this;
    for (let i = 0; i < words.length; i++) view.setFloat64(at + i * 8, words[i]!, true);
    this.length = at + length;
  }
}

/**
 * Text made ready to be put many times: eight bytes to a number, as a loop stores them fastest.
 *
 * No eight bytes of UTF-8 are a NaN, whose bits a store may change: that takes a byte of 0xf0 or
 * more before one of 0x7f or 0xff, and 0xf0 to 0xf4 are always followed by 0x80 to 0xbf.
 */
export class Piece {
  readonly words: Float64Array;
  readonly length: number;

  constructor(text: string) {
    const bytes = Buffer.from(text, "utf8");
    this.length = bytes.length;
    const view = viewOf(Buffer.concat([bytes, Buffer.alloc(7)]));
    this.words = Float64Array.from({ length: Math.ceil(bytes.length / 8) }, (_, i) =>
      view.getFloat64(i * 8, true),
    );
  }
}

/** Text goes out in chunks of about so many bytes. */
const CHUNK = 1 << 20;

/**
 * Text cut into chunks for `writeWhole`: `out` takes what comes, and is another buffer after each
 * chunk, so that those on their way to the disk stay as they are.
 */
export class TextChunks {
  out: TextBytes;
  readonly #buffers: readonly TextBytes[];
  #turn = 0;

  constructor() {
    // One more than are in use: it takes what comes.
    const count = CHUNKS_IN_USE + 1;
    this.#buffers = Array.from({ length: count }, () => new TextBytes(CHUNK + (CHUNK >> 2)));
    this.out = this.#buffers[0]!;
  }

  /** Whether there is enough for a chunk. */
  get full(): boolean {
    return this.out.length >= CHUNK;
  }

  /** What was written since the last chunk. */
  take(): Uint8Array {
    const chunk = this.out.bytes.subarray(0, this.out.length);
    this.#turn = (this.#turn + 1) % this.#buffers.length;
    this.out = this.#buffers[this.#turn]!;
    this.out.length = 0;
    return chunk;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
