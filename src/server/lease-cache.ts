/** Something borrowed from a {@link LeaseCache}; give it back with `release`, once. */
export interface Lease<T> {
  readonly value: T;
  release(): void;
}

interface Entry<T> {
  readonly opening: Promise<T>;
  users: number;
  /** 0 until it is open. */
  weight: number;
}

/** How much a {@link LeaseCache} keeps open. */
export interface LeaseLimits<T> {
  /** Things. */
  readonly count: number;
  /** Sum of weights. */
  readonly weight?: number;
  readonly weigh?: (value: T) => number;
}

/**
 * Keeps things open within limits, least recently used first out.
 *
 * Two requests for one key share one opening. Nothing is closed while it is borrowed, so there can be
 * more than the limits for a while, and the one used last stays, whatever its weight. A failed opening is not kept.
 */
export class LeaseCache<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #limits: LeaseLimits<T>;
  readonly #close: (value: T) => Promise<void>;

  constructor(limits: LeaseLimits<T>, close: (value: T) => Promise<void>) {
    this.#limits = limits;
    this.#close = close;
  }

  async borrow(key: string, open: () => Promise<T>): Promise<Lease<T>> {
    const entry = this.#entries.get(key) ?? { opening: open(), users: 0, weight: 0 };
    // Put at the end again: Map keeps the order of insertion.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    try {
      const value = await entry.opening;
      entry.weight = this.#limits.weigh?.(value) ?? 0;
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
    const { count, weight: most = Infinity } = this.#limits;
    let weight = 0;
    for (const entry of this.#entries.values()) weight += entry.weight;
    for (const [key, entry] of this.#entries) {
      const left = this.#entries.size;
      if (left <= count && (weight <= most || left === 1)) return;
      if (entry.users > 0) continue;
      this.#entries.delete(key);
      weight -= entry.weight;
      entry.opening.then(this.#close).catch(() => {
        // Closing is tidying up: there is no one left to tell.
      });
    }
  }
}
