import { classColor } from "../../src/export/class-color.ts";
import type { ExportTask } from "../../src/export/feature-bytes.ts";
import type { Point, Polygon, Ring } from "../../src/geometry.ts";
import { MEASUREMENTS } from "../../src/measurements.ts";
import type { Instance } from "../../src/merge/instance.ts";

/**
 * One object as FeatureBytes writes it, put together from strings by JSON.stringify: slow, and plain to see.
 *
 * Coordinates are level-0 px, less the origin where one is given, with at most 2 decimals, rings closed. Names and spelling of the
 * measurements are QuPath's own where it has the same one (`Area µm^2`, `Perimeter µm`,
 * `Circularity`); one that is not a finite number is left out. Nothing is ever null.
 */
export function featureText(
  instance: Instance,
  task: ExportTask,
  origin: Point = { x: 0, y: 0 },
): string {
  const measurements: Record<string, number> = {};
  for (const { field, name, decimals } of MEASUREMENTS) {
    const value = instance[field];
    if (Number.isFinite(value)) measurements[name] = Number(value.toFixed(decimals));
  }
  const properties = {
    objectType: task.objectType,
    classification:
      instance.classification === undefined
        ? { name: task.objectName, color: task.color }
        : { name: instance.classification, color: classColor(instance.classification) },
    measurements,
  };
  return `{"type":"Feature","id":${JSON.stringify(instance.id)},"geometry":${geometryText(
    instance.polygon,
    origin,
  )},"properties":${JSON.stringify(properties)}}`;
}

function geometryText({ outer, holes }: Polygon, origin: Point): string {
  const rings = [outer, ...holes].map((ring) => ringText(ring, origin));
  return `{"type":"Polygon","coordinates":[${rings.join(",")}]}`;
}

function ringText(ring: Ring, { x, y }: Point): string {
  const positions: string[] = [];
  for (let i = 0; i < ring.length; i += 2) {
    positions.push(`[${number(ring[i]! - x)},${number(ring[i + 1]! - y)}]`);
  }
  return `[${positions.join(",")},${positions[0]}]`;
}

function number(value: number): string {
  // Adding 0 turns −0, which JSON spells "-0", into 0.
  return String(Math.round(value * 100) / 100 + 0);
}
