import { type Box, intersectBoxes } from "../../src/geometry.ts";
import type { Candidate } from "../../src/segment/candidate.ts";
import type { SamAdapter } from "../../src/segment/contracts/adapter.ts";
import type { CutLevels, CutMask, LogitGrid } from "../../src/segment/cut-mask.ts";
import type { GridSettings } from "../../src/segment/model.ts";
import { pointBatch } from "../../src/segment/prompt-batch.ts";
import { gridPoints } from "../../src/segment/prompts.ts";
import { encodeTight } from "../../src/segment/rle.ts";
import { suppress } from "../../src/segment/suppress.ts";
import type { RgbImage } from "../../src/tiler/slide.ts";

/** What the exhaustive route did, and how long each part took, ms. */
export interface ExhaustiveAnswer {
  readonly masks: readonly Candidate[];
  readonly prompts: number;
  /** Masks upsampled. */
  readonly upsampled: number;
  readonly ms: { readonly encode: number; readonly decode: number; readonly post: number };
}

/**
 * SAM's automatic mask generation as its reference in Python does it, one layer, without a shortcut: every
 * point of the grid is decoded, every mask of it upsampled to its full size, and only then filtered.
 *
 * Written apart from the engine, whose answers it judges; prompts, run lengths and suppression are shared,
 * which are checked against the reference's own goldens.
 */
export async function exhaustiveMasks(
  image: RgbImage,
  adapter: SamAdapter,
  settings: GridSettings,
): Promise<ExhaustiveAnswer> {
  const ms = { encode: 0, decode: 0, post: 0 };
  const clip = { x: 0, y: 0, width: image.width, height: image.height };
  const points = gridPoints(settings.pointsPerSide, { patch: image, allow: null, valid: clip });
  const levels: CutLevels = {
    threshold: settings.maskThreshold,
    offset: settings.stabilityScoreOffset,
    leastStability: settings.stabilityScoreThreshold,
  };
  const cutter = new ExhaustiveCutter();
  const started = performance.now();
  const encoded = await adapter.encode(image);
  ms.encode = performance.now() - started;
  const found: Candidate[] = [];
  let upsampled = 0;
  for (let from = 0; from < points.length; from += adapter.batchSize) {
    const batch = points.slice(from, from + adapter.batchSize);
    const before = performance.now();
    const decoded = await encoded.decode(pointBatch(batch));
    const middle = performance.now();
    for (let p = 0; p < decoded.prompts; p++) {
      const origin = decoded.origin(p);
      for (let m = 0; m < decoded.masksPerPrompt; m++) {
        const values = cutter.upsample(decoded.logits(p, m), decoded.grid);
        upsampled++;
        const predictedIou = decoded.predictedIou(p, m);
        if (!(predictedIou > settings.predictedIouThreshold)) continue;
        const mask = cutter.cut(values, origin.x, origin.y, clip, levels);
        if (mask !== null) found.push({ ...mask, predictedIou, point: batch[p]! });
      }
    }
    ms.decode += middle - before;
    ms.post += performance.now() - middle;
  }
  const last = performance.now();
  const masks = suppress(found, settings.nmsIou, settings.nmsKind ?? "box");
  ms.post += performance.now() - last;
  return { masks, prompts: points.length, upsampled, ms };
}

/** A window of logits at full size, row-major. */
export interface Upsampled {
  readonly values: Float64Array;
  readonly width: number;
  readonly height: number;
}

/** Masks from logits by their definition: every pixel of a window is interpolated. */
export class ExhaustiveCutter {
  #values = new Float64Array(0);
  #mask = new Uint8Array(0);

  /** Bilinear, half-pixel centres, clamped at the window's edge; valid until the next call. */
  upsample(logits: Float32Array, { columns, rows, cellPx }: LogitGrid): Upsampled {
    const [xs, ys] = [places(columns, cellPx), places(rows, cellPx)];
    const [width, height] = [xs.length, ys.length];
    if (this.#values.length < width * height) this.#values = new Float64Array(width * height);
    const values = this.#values;
    for (let y = 0; y < height; y++) {
      const { lower, upper, weight: v } = ys[y]!;
      const [top, bottom] = [lower * columns, upper * columns];
      for (let x = 0; x < width; x++) {
        const { lower: left, upper: right, weight: u } = xs[x]!;
        const a = logits[top + left]!;
        const b = logits[top + right]!;
        const from = a + (logits[bottom + left]! - a) * v;
        values[y * width + x] = from + (b + (logits[bottom + right]! - b) * v - from) * u;
      }
    }
    return { values, width, height };
  }

  /** The mask of an upsampled window whose corner lies at (x, y), or null where it is empty or not stable. */
  cut(window: Upsampled, x: number, y: number, clip: Box, levels: CutLevels): CutMask | null {
    const { values, width, height } = window;
    const part = intersectBoxes({ x, y, width, height }, clip);
    if (part === null) return null;
    const { threshold, offset, leastStability } = levels;
    const pixels = part.width * part.height;
    if (this.#mask.length !== pixels) this.#mask = new Uint8Array(pixels);
    let [above, below] = [0, 0];
    for (let row = 0; row < part.height; row++) {
      const from = (part.y - y + row) * width + part.x - x;
      for (let column = 0; column < part.width; column++) {
        const value = values[from + column]!;
        if (value > threshold + offset) above++;
        if (value > threshold - offset) below++;
        this.#mask[row * part.width + column] = value > threshold ? 1 : 0;
      }
    }
    const stabilityScore = below === 0 ? 0 : above / below;
    if (stabilityScore < leastStability) return null;
    const mask = encodeTight(this.#mask, part.width, part.height, part.x, part.y);
    return mask === null ? null : { ...mask, stabilityScore };
  }
}

interface Place {
  readonly lower: number;
  readonly upper: number;
  readonly weight: number;
}

/** Between which cells each pixel of an axis lies. */
function places(cells: number, cellPx: number): Place[] {
  return Array.from({ length: Math.ceil(cells * cellPx - 1e-6) }, (_, pixel) => {
    const at = Math.min(Math.max((pixel + 0.5) / cellPx - 0.5, 0), cells - 1);
    const lower = Math.min(Math.floor(at), Math.max(0, cells - 2));
    return { lower, upper: Math.min(lower + 1, cells - 1), weight: at - lower };
  });
}
