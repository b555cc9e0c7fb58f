import type { RgbImage } from "./slide.ts";

/**
 * Decoded blocks of one slide, or anything else with bytes in it: the least recently used go first once `limit` bytes are held, and a
 * block that is being decoded is decoded once however many ask for it.
 *
 * The newest block is always kept, so one that is larger than the limit (a whole plain image) is
 * still decoded only once.
 */
export class BlockCache<T extends { readonly data: Uint8Array } = RgbImage> {
  readonly #limit: number;
  readonly #held = new Map<string, T>();
  readonly #loading = new Map<string, Promise<T>>();
  #bytes = 0;

  /** `limit` in bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The block under `key`, decoded by `load` if it is neither held nor on its way. */
  get(key: string, load: () => Promise<T>): T | Promise<T> {
    const held = this.#held.get(key);
    if (held) {
      this.#held.delete(key);
      this.#held.set(key, held);
      return held;
    }
    const loading = this.#loading.get(key);
    if (loading) return loading;
    const started = load()
      .then((block) => {
        this.#keep(key, block);
        return block;
      })
      .finally(() => this.#loading.delete(key));
    this.#loading.set(key, started);
    return started;
  }

  clear(): void {
    this.#held.clear();
    this.#bytes = 0;
  }

  #keep(key: string, block: T): void {
    this.#held.set(key, block);
    this.#bytes += block.data.length;
    for (const [oldest, old] of this.#held) {
      if (this.#bytes <= this.#limit || oldest === key) break;
      this.#held.delete(oldest);
      this.#bytes -= old.data.length;
    }
  }
}
