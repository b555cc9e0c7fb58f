import { smoothMin } from "./math.ts";
import { hash, hashUnit } from "./random.ts";

/** One place of a {@link BlobLattice}: a gland, a nest, a fat cell, a vessel, or nothing. */
export interface Blob {
  readonly column: number;
  readonly row: number;
  /** Centre, µm, in the lattice's (warped) plane. */
  readonly x: number;
  readonly y: number;
  /** Largest radius, µm. */
  readonly radius: number;
  readonly present: boolean;
  /** 32 random bits of its own. */
  readonly bits: number;
}

/** What {@link BlobLattice.query} finds. */
export interface BlobHit {
  /** Depth inside the blob, µm; negative outside, −1e6 where no blob is near. */
  depth: number;
  blob: Blob | null;
}

/** How a lattice is laid out; lengths in µm. */
export interface LatticeSpec {
  readonly seed: number;
  readonly pitch: number;
  /** Part of the pitch a centre may stray from the middle of its cell, up to 0.33. */
  readonly jitter: number;
  readonly radius: readonly [number, number];
  /** Between neighbours. */
  readonly gap: number;
  /** How round corners are. */
  readonly rounding: number;
  /** Whether there is a blob with its centre at x, y. */
  readonly presence: (x: number, y: number, bits: number) => boolean;
}

/**
 * Blobs on a jittered grid: rounded Voronoi cells, shrunk and bounded by a radius.
 *
 * Depends only on the seed and the place: no state, so every tile sees the same blobs.
 */
export class BlobLattice {
  readonly spec: LatticeSpec;
  readonly #cells = new Map<number, Blob>();
  #near: Blob[] = [];
  #nearColumn = Number.NaN;
  #nearRow = Number.NaN;

  constructor(spec: LatticeSpec) {
    this.spec = spec;
  }

  /** The blob of one lattice cell. */
  blob(column: number, row: number): Blob {
    const key = column * 4194304 + row;
    let blob = this.#cells.get(key);
    if (blob === undefined) {
      const { seed, pitch, jitter, radius, presence } = this.spec;
      const bits = hash(seed, column, row, 1);
      const x = (column + 0.5 + jitter * (2 * hashUnit(bits, 1) - 1)) * pitch;
      const y = (row + 0.5 + jitter * (2 * hashUnit(bits, 2) - 1)) * pitch;
      const r = radius[0] + (radius[1] - radius[0]) * hashUnit(bits, 3);
      blob = { column, row, x, y, radius: r, present: presence(x, y, bits), bits };
      if (this.#cells.size > 200_000) this.#cells.clear();
      this.#cells.set(key, blob);
    }
    return blob;
  }

  /** Finds the blob at, or nearest to, x, y (µm, warped plane). */
  query(x: number, y: number, hit: BlobHit): void {
    const { pitch, gap, rounding } = this.spec;
    const column = Math.floor(x / pitch);
    const row = Math.floor(y / pitch);
    if (column !== this.#nearColumn || row !== this.#nearRow) this.#gather(column, row);
    let best: Blob | null = null;
    let bestGap = Infinity;
    for (const blob of this.#near) {
      const dx = x - blob.x;
      const dy = y - blob.y;
      const outside = Math.sqrt(dx * dx + dy * dy) - blob.radius;
      if (outside < bestGap) {
        bestGap = outside;
        best = blob;
      }
    }
    hit.blob = best;
    if (best === null) {
      hit.depth = -1e6;
      return;
    }
    let depth = -bestGap;
    for (let r = best.row - 1; r <= best.row + 1; r++) {
      for (let c = best.column - 1; c <= best.column + 1; c++) {
        if (r === best.row && c === best.column) continue;
        const other = this.blob(c, r);
        if (!other.present) continue;
        const dx = other.x - best.x;
        const dy = other.y - best.y;
        const distance = Math.sqrt(dx * dx + dy * dy);
        const wall = (distance + best.radius - other.radius) / 2;
        const along = ((x - best.x) * dx + (y - best.y) * dy) / distance;
        depth = smoothMin(depth, wall - along - gap / 2, rounding);
      }
    }
    hit.depth = depth;
  }

  #gather(column: number, row: number): void {
    this.#nearColumn = column;
    this.#nearRow = row;
    this.#near = [];
    for (let r = row - 1; r <= row + 1; r++) {
      for (let c = column - 1; c <= column + 1; c++) {
        const blob = this.blob(c, r);
        if (blob.present) this.#near.push(blob);
      }
    }
  }
}
