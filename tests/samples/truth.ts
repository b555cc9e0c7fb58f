import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Box, Polygon } from "../../src/geometry.ts";

/** One object of a truth file. */
export interface TruthRecord {
  readonly id: string;
  readonly objectType: string;
  readonly className: string;
  readonly areaUm2: number;
  /** Rings with the first point repeated at the end, as the file has them. */
  readonly rings: readonly (readonly (readonly number[])[])[];
}

interface TruthJson {
  readonly type: string;
  readonly features: readonly {
    readonly id: string;
    readonly geometry: {
      readonly type: string;
      readonly coordinates: readonly (readonly (readonly number[])[])[];
    };
    readonly properties: {
      readonly objectType: string;
      readonly classification: { readonly name: string; readonly color: readonly number[] };
      readonly measurements: Readonly<Record<string, number>>;
    };
  }[];
}

/** Reads a gzipped truth file with nothing but the JSON parser. */
export function readTruth(path: string): TruthRecord[] {
  const json = JSON.parse(gunzipSync(readFileSync(path)).toString("utf8")) as TruthJson;
  return json.features.map((feature) => ({
    id: feature.id,
    objectType: feature.properties.objectType,
    className: feature.properties.classification.name,
    areaUm2: feature.properties.measurements["Area µm^2"]!,
    rings: feature.geometry.coordinates,
  }));
}

/** The polygon of a record, rings unclosed. */
export function polygonOf(record: TruthRecord): Polygon {
  const rings = record.rings.map((ring) => ring.slice(0, -1).flat());
  return { outer: rings[0]!, holes: rings.slice(1) };
}

/**
 * Draws outlines with integer corners on pixel centres (even-odd) into a box: 1 + index, 0 elsewhere. Written apart from the
 * painter and from src, so that an error there cannot hide here. Throws where two outlines share a pixel.
 */
export function drawTruth(records: readonly TruthRecord[], box: Box): Uint32Array {
  const out = new Uint32Array(box.width * box.height);
  records.forEach((record, index) => {
    const ys = record.rings.flatMap((ring) => ring.map((point) => point[1]!));
    const top = Math.max(0, Math.min(...ys) - box.y);
    const bottom = Math.min(box.height, Math.max(...ys) - box.y);
    for (let row = top; row < bottom; row++) {
      const y = box.y + row + 0.5;
      const crossings: number[] = [];
      for (const ring of record.rings) {
        for (let i = 0; i + 1 < ring.length; i++) {
          const [ax, ay] = ring[i] as [number, number];
          const [bx, by] = ring[i + 1] as [number, number];
          if (ay > y !== by > y) crossings.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
        }
      }
      crossings.sort((a, b) => a - b);
      for (let k = 0; k < crossings.length; k += 2) {
        const from = Math.max(0, crossings[k]! - box.x);
        const to = Math.min(box.width, crossings[k + 1]! - box.x);
        for (let column = from; column < to; column++) {
          const i = row * box.width + column;
          if (out[i] !== 0) throw new Error(`outlines ${out[i]! - 1} and ${index} overlap`);
          out[i] = index + 1;
        }
      }
    }
  });
  return out;
}

/** Sizes of the 4-connected parts of the pixels that equal `value`. */
export function partSizes(labels: Uint32Array, width: number, value: number): number[] {
  const todo = new Set<number>();
  labels.forEach((label, i) => {
    if (label === value) todo.add(i);
  });
  const sizes: number[] = [];
  for (const start of todo) {
    todo.delete(start);
    const part = [start];
    for (let k = 0; k < part.length; k++) {
      const i = part[k]!;
      const column = i % width;
      const around = [i - width, i + width];
      if (column > 0) around.push(i - 1);
      if (column < width - 1) around.push(i + 1);
      for (const j of around) if (todo.delete(j)) part.push(j);
    }
    sizes.push(part.length);
  }
  return sizes;
}
