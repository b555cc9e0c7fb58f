import { MicrotomeError } from "../../errors.ts";

/** How something is asked of a {@link SharedQueue}. */
export interface Asking {
  /** Someone waits for it now; what is not urgent comes after all that is, the newest of it first. */
  readonly urgent: boolean;
  /** Who asked has gone away. */
  readonly signal?: AbortSignal | undefined;
}

interface Asker<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

interface Entry<T> {
  readonly key: string;
  readonly work: (signal: AbortSignal) => Promise<T>;
  readonly askers: Set<Asker<T>>;
  readonly stop: AbortController;
  urgent: boolean;
}

/**
 * Work that is done one after the other and wanted by several: who asks for what is already waiting
 * or being done shares it.
 *
 * Work that nobody waits for any more is taken out, or told to stop. Of work that is not urgent no
 * more than `patience` waits; the oldest makes room.
 */
export class SharedQueue<T> {
  readonly #patience: number;
  /** In the order of asking. */
  readonly #waiting = new Map<string, Entry<T>>();
  #running: Entry<T> | null = null;

  constructor(patience: number) {
    this.#patience = patience;
  }

  /**
   * What the work under `key` comes to. Rejects with what it threw, and with MicrotomeError
   * `interrupted` where the asker went away or newer work took its place.
   */
  run(key: string, work: Entry<T>["work"], { urgent, signal }: Asking): Promise<T> {
    if (signal?.aborted) return Promise.reject(goneAway());
    const entry = this.#share(key) ?? this.#add(key, work);
    if (urgent) entry.urgent = true;
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        entry.askers.delete(asker);
        reject(goneAway());
        if (entry.askers.size === 0) this.#abandon(entry);
      };
      const asker: Asker<T> = {
        resolve: (value) => {
          signal?.removeEventListener("abort", leave);
          resolve(value);
        },
        reject: (error) => {
          signal?.removeEventListener("abort", leave);
          reject(error);
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      entry.askers.add(asker);
      this.#makeRoom();
      void this.#next();
    });
  }

  #share(key: string): Entry<T> | undefined {
    if (this.#running?.key === key && !this.#running.stop.signal.aborted) return this.#running;
    return this.#waiting.get(key);
  }

  #add(key: string, work: Entry<T>["work"]): Entry<T> {
    const stop = new AbortController();
    const entry: Entry<T> = { key, work, askers: new Set(), stop, urgent: false };
    this.#waiting.set(key, entry);
    return entry;
  }

  #abandon(entry: Entry<T>): void {
    if (this.#waiting.get(entry.key) === entry) this.#waiting.delete(entry.key);
    entry.stop.abort();
  }

  #makeRoom(): void {
    const patient = [...this.#waiting.values()].filter(({ urgent }) => !urgent);
    for (const entry of patient.slice(0, Math.max(0, patient.length - this.#patience))) {
      this.#waiting.delete(entry.key);
      const error = new MicrotomeError("interrupted", "newer work took its place");
      for (const asker of entry.askers) asker.reject(error);
    }
  }

  async #next(): Promise<void> {
    if (this.#running) return;
    const entries = [...this.#waiting.values()];
    const entry = entries.find(({ urgent }) => urgent) ?? entries.at(-1);
    if (!entry) return;
    this.#waiting.delete(entry.key);
    this.#running = entry;
    try {
      const value = await entry.work(entry.stop.signal);
      for (const asker of entry.askers) asker.resolve(value);
    } catch (error) {
      for (const asker of entry.askers) asker.reject(error);
    } finally {
      this.#running = null;
      void this.#next();
    }
  }
}

function goneAway(): MicrotomeError {
  return new MicrotomeError("interrupted", "nobody waits for it any more");
}
