/** How long a block is kept: until room is needed, until it is dropped by name, or not at all. */
export type Keeping = "lru" | "until-dropped" | "none";

/** Anything with bytes in it. */
interface Bytes {
  readonly data: Uint8Array;
}

interface Held<T> {
  readonly block: T;
  readonly keeping: Keeping;
}

/**
 * Decoded blocks of a slide, parts of a file, or anything else with bytes in it: the least recently
 * used go first once `limit` bytes are held, and a block that is being decoded is decoded once
 * however many ask for it.
 *
 * Blocks that are kept until dropped outlive the others; where they alone are more than the limit,
 * the newest of them is not kept, so that the older ones are there when they are asked for again.
 * A block that is larger than the limit (a whole plain image) is kept while it is the only one. A
 * buffer that several blocks share counts once, whole, until the last of them goes.
 */
export class BlockCache<T extends Bytes> {
  readonly #limit: number;
  readonly #held = new Map<string, Held<T>>();
  readonly #loading = new Map<string, Promise<T>>();
  /** Blocks held of each buffer. */
  readonly #buffers = new Map<ArrayBufferLike, number>();
  #bytes = 0;

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The block under `key` if it is held, or what it will be if it is being decoded. */
  find(key: string): T | Promise<T> | undefined {
    const held = this.#held.get(key);
    if (!held) return this.#loading.get(key);
    this.#held.delete(key);
    this.#held.set(key, held);
    return held.block;
  }

  /** The block under `key`, decoded by `load` if it is neither held nor on its way. */
  get(key: string, load: () => Promise<T>): T | Promise<T> {
    return this.find(key) ?? this.add(key, load());
  }

  /** Takes a block that is being decoded; `keeping` is asked once it is. */
  add(key: string, decoding: Promise<T>, keeping: () => Keeping = () => "lru"): Promise<T> {
    const started = decoding
      .then((block) => {
        this.#keep(key, block, keeping());
        return block;
      })
      .finally(() => this.#loading.delete(key));
    this.#loading.set(key, started);
    return started;
  }

  /** Lets go of a block, if it is held. */
  drop(key: string): void {
    const held = this.#held.get(key);
    if (!held) return;
    this.#held.delete(key);
    const { buffer } = held.block.data;
    const others = this.#buffers.get(buffer)! - 1;
    if (others > 0) {
      this.#buffers.set(buffer, others);
    } else {
      this.#buffers.delete(buffer);
      this.#bytes -= buffer.byteLength;
    }
  }

  /** From now on nothing is kept until dropped: what was is the least recently used. */
  release(): void {
    for (const [key, { block }] of this.#held) this.#held.set(key, { block, keeping: "lru" });
  }

  clear(): void {
    for (const key of [...this.#held.keys()]) this.drop(key);
  }

  #keep(key: string, decoded: T, keeping: Keeping): void {
    if (keeping === "none") return;
    const block = keeping === "until-dropped" ? withOwnBuffer(decoded) : decoded;
    this.#held.set(key, { block, keeping });
    const { buffer } = block.data;
    const known = this.#buffers.get(buffer);
    if (known === undefined) this.#bytes += buffer.byteLength;
    this.#buffers.set(buffer, (known ?? 0) + 1);
    this.#makeRoom(key);
  }

  #makeRoom(newest: string): void {
    if (this.#bytes <= this.#limit) return;
    for (const [key, { keeping }] of this.#held) {
      if (key !== newest && keeping === "lru") this.drop(key);
      if (this.#bytes <= this.#limit) return;
    }
    if (this.#held.size > 1) this.drop(newest);
  }
}

/** One block that stays must not keep all those that were decoded with it. */
function withOwnBuffer<T extends Bytes>(block: T): T {
  const shared = block.data.buffer.byteLength > block.data.byteLength;
  return shared ? { ...block, data: new Uint8Array(block.data) } : block;
}
