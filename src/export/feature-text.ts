import type { Polygon, Ring } from "../geometry.ts";
import { MEASUREMENTS } from "../measurements.ts";
import type { Instance } from "../merge/instance.ts";
import type { TaskSpec } from "../scales/scale.ts";
import { classColor } from "./class-color.ts";

/** What an exported object needs to know of its task. */
export type ExportTask = Pick<TaskSpec, "name" | "objectName" | "objectType" | "color">;

/**
 * One object as a GeoJSON feature in QuPath's form, on one line.
 *
 * Coordinates are level-0 px with at most 2 decimals, rings closed. Names and spelling of the
 * measurements are QuPath's own where it has the same one (`Area µm^2`, `Perimeter µm`,
 * `Circularity`); one that is not a finite number is left out. Nothing is ever null.
 */
export function featureText(instance: Instance, task: ExportTask): string {
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
  )},"properties":${JSON.stringify(properties)}}`;
}

function geometryText({ outer, holes }: Polygon): string {
  return `{"type":"Polygon","coordinates":[${[outer, ...holes].map(ringText).join(",")}]}`;
}

function ringText(ring: Ring): string {
  let text = "[";
  for (let i = 0; i < ring.length; i += 2) text += `[${number(ring[i]!)},${number(ring[i + 1]!)}],`;
  return `${text}[${number(ring[0]!)},${number(ring[1]!)}]]`;
}

function number(value: number): string {
  // Adding 0 turns −0, which JSON spells "-0", into 0.
  return String(Math.round(value * 100) / 100 + 0);
}
