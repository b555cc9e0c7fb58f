import type { Box } from "../geometry.ts";
import type { MeasurementInfo, ObjectInfo } from "./api.ts";
import { type ObjectTable, outlineAt } from "./object-table.ts";
import { outlineArea, outlineHolds, polygonsOf, UNITS_PER_PIXEL } from "./outline.ts";
import { overlayInfo } from "./overlay-info.ts";
import type { OverlaySource, TileAddress } from "./overlay-source.ts";
import { TileSelection, tileFrame } from "./tile-selection.ts";
import { encodeTile } from "./vector-tile.ts";

/** Puts the columns of {@link ObjectTable} behind an {@link OverlaySource}. `version` goes into addresses that are cached. */
export function openMemoryOverlay(table: ObjectTable, version: string): OverlaySource {
  const names = [...table.measurements.keys()];
  const info = overlayInfo({
    objects: table.length,
    classes: table.classes,
    measurements: [...table.measurements].map(([name, values]) => spread(name, values)),
    reach: table.index ? Math.max(table.index.maxX, table.index.maxY) / UNITS_PER_PIXEL : 0,
    version,
  });
  let indexOfId: Map<string, number> | null = null;

  const find = (key: number | string): number => {
    if (typeof key === "number") return key >= 0 && key < table.length ? key : -1;
    indexOfId ??= new Map(table.ids.map((id, i) => [id, i]));
    return indexOfId.get(key) ?? -1;
  };

  return {
    info,
    async tile(address: TileAddress) {
      const selection = new TileSelection(address);
      const { originX, originY, side } = tileFrame(address);
      const found = table.index?.search(originX, originY, originX + side - 1, originY + side - 1);
      for (const object of found?.sort((a, b) => a - b) ?? []) {
        const { boxes, classOf } = table;
        const [x0, y0, x1, y1] = boxes.subarray(4 * object, 4 * object + 4);
        selection.add(object, x0!, y0!, x1!, y1!, classOf[object]!);
      }
      const selected = selection.finish();
      const outlines = selected.outlines.map(({ index }) => outlineAt(table, index));
      return encodeTile(address, selected, outlines);
    },
    async object(key) {
      const object = find(key);
      return object < 0 ? null : describeObject(table, object);
    },
    async at(x, y, reach) {
      const object = objectAt(
        table,
        x * UNITS_PER_PIXEL,
        y * UNITS_PER_PIXEL,
        reach * UNITS_PER_PIXEL,
      );
      return object === null ? null : describeObject(table, object);
    },
    async count(box) {
      return countIn(table, box);
    },
    async column(measurement) {
      const values = table.measurements.get(names[measurement] ?? "");
      return values ? Float32Array.from(values) : new Float32Array(0);
    },
    async close() {},
  };
}

function objectAt(table: ObjectTable, x: number, y: number, reach: number): number | null {
  let best: number | null = null;
  let bestArea = Number.POSITIVE_INFINITY;
  for (const object of table.index?.search(x, y, x, y) ?? []) {
    if (!outlineHolds(outlineAt(table, object), x, y)) continue;
    const area = outlineArea(outlineAt(table, object));
    if (area < bestArea) {
      bestArea = area;
      best = object;
    }
  }
  if (best !== null || reach <= 0) return best;
  // Nothing under the pointer: small objects are hard to hit, so the nearest box within reach counts.
  return (
    table.index?.neighbors(x, y, 1, reach, (object) => isSmall(table, object, reach))[0] ?? null
  );
}

/** A large object's box says little about where the object is: only near-point objects are reached for. */
function isSmall(table: ObjectTable, object: number, reach: number): boolean {
  const { boxes } = table;
  return (
    boxes[4 * object + 2]! - boxes[4 * object]! < 4 * reach &&
    boxes[4 * object + 3]! - boxes[4 * object + 1]! < 4 * reach
  );
}

function countIn(table: ObjectTable, box: Box): number {
  const minX = box.x * UNITS_PER_PIXEL;
  const minY = box.y * UNITS_PER_PIXEL;
  const maxX = (box.x + box.width) * UNITS_PER_PIXEL;
  const maxY = (box.y + box.height) * UNITS_PER_PIXEL;
  let count = 0;
  table.index?.search(minX, minY, maxX, maxY, (_, x0, y0, x1, y1) => {
    const x = (x0 + x1) / 2;
    const y = (y0 + y1) / 2;
    if (x >= minX && x < maxX && y >= minY && y < maxY) count++;
    return false;
  });
  return count;
}

/** Percentiles come from at most ten thousand evenly spaced values: sorting a million is not worth a colour ramp. */
function spread(name: string, values: Float64Array): MeasurementInfo {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const step = Math.max(1, Math.floor(values.length / 10_000));
  const sample = values.filter((value, i) => i % step === 0 && !Number.isNaN(value)).sort();
  if (sample.length === 0 || min > max) return { name, min: 0, max: 0, low: 0, high: 0 };
  const at = (share: number) => sample[Math.round(share * (sample.length - 1))]!;
  return { name, min, max, low: at(0.02), high: at(0.98) };
}

function describeObject(table: ObjectTable, object: number): ObjectInfo {
  const { boxes } = table;
  const measurements: { name: string; value: number }[] = [];
  for (const [name, values] of table.measurements) {
    const value = values[object]!;
    if (!Number.isNaN(value)) measurements.push({ name, value });
  }
  const edge = (i: number) => boxes[4 * object + i]! / UNITS_PER_PIXEL;
  const described = table.classes[table.classOf[object]!]!;
  return {
    index: object,
    id: table.ids[object]!,
    className: described.name,
    color: described.color,
    box: [edge(0), edge(1), edge(2), edge(3)],
    polygons: polygonsOf(outlineAt(table, object)),
    measurements,
  };
}
