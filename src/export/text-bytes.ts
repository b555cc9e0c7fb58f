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

  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(size);
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
    this.room(words.length * 4);
    const { view, length: at } = this;
    for (let i = 0; i < words.length; i++) view.setUint32(at + i * 4, words[i]!, true);
    this.length = at + length;
  }
}

/** Text made ready to be put many times: four bytes to a number, as a loop stores them fastest. */
export class Piece {
  readonly words: Uint32Array;
  readonly length: number;

  constructor(text: string) {
    const bytes = Buffer.from(text, "utf8");
    this.length = bytes.length;
    const view = viewOf(Buffer.concat([bytes, Buffer.alloc(3)]));
    this.words = Uint32Array.from({ length: Math.ceil(bytes.length / 4) }, (_, i) =>
      view.getUint32(i * 4, true),
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
