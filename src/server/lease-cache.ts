/** Something borrowed from a {@link LeaseCache}; give it back with `release`, once. */
export interface Lease<T> {
  readonly value: T;
  release(): void;
}

interface Entry<T> {
  readonly opening: Promise<T>;
  users: number;
}

/**
 * Keeps at most `capacity` idle things open, least recently used first out.
 *
 * Two requests for one key share one opening. Nothing is closed while it is borrowed, so there can be
 * more than `capacity` for a while. A failed opening is not kept.
 */
export class LeaseCache<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #capacity: number;
  readonly #close: (value: T) => Promise<void>;

  constructor(capacity: number, close: (value: T) => Promise<void>) {
    this.#capacity = capacity;
    this.#close = close;
  }

  async borrow(key: string, open: () => Promise<T>): Promise<Lease<T>> {
    const entry = this.#entries.get(key) ?? { opening: open(), users: 0 };
    // Put at the end again: Map keeps the order of insertion.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    try {
      const value = await entry.opening;
      return { value, release: this.#releaser(entry) };
    } catch (error) {
      entry.users--;
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** What is open or being opened under `key`, or null: nothing is opened for it. */
  borrowOpen(key: string): Lease<Promise<T>> | null {
    const entry = this.#entries.get(key);
    if (!entry) return null;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    return { value: entry.opening, release: this.#releaser(entry) };
  }

  /** Borrows for the length of a call. */
  async use<R>(key: string, open: () => Promise<T>, work: (value: T) => Promise<R>): Promise<R> {
    const lease = await this.borrow(key, open);
    try {
      return await work(lease.value);
    } finally {
      lease.release();
    }
  }

  /** Closes everything; borrowed things too, as this ends the server. */
  async clear(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) {
      const value = await entry.opening.catch(() => null);
      if (value !== null) await this.#close(value);
    }
  }

  #releaser(entry: Entry<T>): () => void {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      entry.users--;
      this.#evict();
    };
  }

  #evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#capacity) return;
      if (entry.users > 0) continue;
      this.#entries.delete(key);
      entry.opening.then(this.#close).catch(() => {
        // Closing is tidying up: there is no one left to tell.
      });
    }
  }
}
