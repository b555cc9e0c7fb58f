import { type DecodedTile, decodeTile } from "./decode-tile.ts";
import { getBytes } from "./server-client.ts";
import { type TileAddress, tileKey } from "./tile-cover.ts";

const MAX_AT_ONCE = 6;
const MAX_KEPT_BYTES = 96 * 1024 * 1024;

/** A vector tile that has come, and where it belongs. */
export interface LoadedTile extends TileAddress {
  readonly tile: DecodedTile;
}

/** The vector tiles of one run: fetched as the view asks, dropped as it moves on. */
export class OverlayTiles {
  readonly #base: string;
  readonly #version: string;
  readonly #onChange: () => void;
  readonly #onError: (error: unknown) => void;
  /** Least recently wanted first. */
  readonly #loaded = new Map<string, LoadedTile>();
  readonly #loading = new Map<string, AbortController>();
  /** Not asked for again: a broken tile must not be requested on every frame. */
  readonly #failed = new Set<string>();
  #wanted: readonly TileAddress[] = [];
  #bytes = 0;
  #closed = false;

  constructor(
    run: string,
    version: string,
    onChange: () => void,
    onError: (error: unknown) => void,
  ) {
    this.#base = `/api/runs/${run}/overlay`;
    this.#version = version;
    this.#onChange = onChange;
    this.#onError = onError;
  }

  /** Says which tiles the view needs now, most urgent first; requests for others are cancelled. */
  want(tiles: readonly TileAddress[]): void {
    this.#wanted = tiles;
    const keys = new Set(tiles.map(tileKey));
    for (const [key, controller] of this.#loading) {
      if (keys.has(key)) continue;
      controller.abort();
      this.#loading.delete(key);
    }
    for (const key of keys) {
      const tile = this.#loaded.get(key);
      if (!tile) continue;
      this.#loaded.delete(key);
      this.#loaded.set(key, tile);
    }
    this.#pump();
  }

  get(address: TileAddress): LoadedTile | undefined {
    return this.#loaded.get(tileKey(address));
  }

  /** Everything at hand, whatever its zoom. */
  all(): Iterable<LoadedTile> {
    return this.#loaded.values();
  }

  /** True while something wanted is still to come. */
  get pending(): boolean {
    return this.#wanted.some((tile) => {
      const key = tileKey(tile);
      return !this.#loaded.has(key) && !this.#failed.has(key);
    });
  }

  close(): void {
    this.#closed = true;
    this.#wanted = [];
    for (const controller of this.#loading.values()) controller.abort();
    this.#loading.clear();
    this.#loaded.clear();
  }

  #pump(): void {
    for (const tile of this.#wanted) {
      if (this.#loading.size >= MAX_AT_ONCE) return;
      const key = tileKey(tile);
      const known = this.#loaded.has(key) || this.#loading.has(key) || this.#failed.has(key);
      if (!known) void this.#load(tile, key);
    }
  }

  async #load(address: TileAddress, key: string): Promise<void> {
    const controller = new AbortController();
    this.#loading.set(key, controller);
    try {
      const url = `${this.#base}/${key}?v=${this.#version}`;
      const tile = decodeTile(await getBytes(url, controller.signal));
      if (controller.signal.aborted || this.#closed) return;
      this.#loaded.set(key, { ...address, tile });
      this.#bytes += tile.bytes;
      this.#forget();
      this.#loading.delete(key);
      this.#onChange();
      this.#pump();
    } catch (error) {
      if (controller.signal.aborted || this.#closed) return;
      this.#loading.delete(key);
      this.#failed.add(key);
      this.#onError(error);
      this.#pump();
    }
  }

  #forget(): void {
    const wanted = new Set(this.#wanted.map(tileKey));
    for (const [key, { tile }] of this.#loaded) {
      if (this.#bytes <= MAX_KEPT_BYTES) return;
      if (wanted.has(key)) continue;
      this.#loaded.delete(key);
      this.#bytes -= tile.bytes;
    }
  }
}
