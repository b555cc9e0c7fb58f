import { type ClassColors, classColor } from "../export/class-color.ts";
import type { Polygon } from "../geometry.ts";
import { MEASUREMENTS } from "../measurements.ts";
import { TASKS } from "../scales/tasks.ts";
import type { ObjectsFile } from "../store/objects/objects-file.ts";
import type { ClassInfo, MeasurementInfo, ObjectInfo } from "./api.ts";
import {
  type Outline,
  outlineArea,
  outlineHolds,
  polygonsOf,
  turned,
  UNITS_PER_PIXEL,
} from "./outline.ts";
import { overlayInfo } from "./overlay-info.ts";
import { OVERLAY_TILE_SIZE, type OverlaySource, type TileAddress } from "./overlay-source.ts";
import { UNCLASSIFIED } from "./read-objects.ts";
import { TileSelection } from "./tile-selection.ts";
import { encodeTile } from "./vector-tile.ts";

/**
 * Puts an objects file behind an {@link OverlaySource}: nothing of it stays in memory but its index and a few blocks.
 * `classColors` are the colours of some classes, in place of microtome's own.
 */
export function openStoredOverlay(
  file: ObjectsFile,
  version: string,
  classColors: ClassColors = new Map(),
): OverlaySource {
  const { classes, positionOf } = classesOf(file, classColors);
  const columns = columnsOf(file);
  const { extent } = file;
  const info = overlayInfo({
    objects: file.count,
    classes,
    measurements: columns.map(({ info }) => info),
    reach: extent ? Math.max(extent.x + extent.width, extent.y + extent.height) : 0,
    version,
  });

  const describe = async (index: number): Promise<ObjectInfo | null> => {
    const instance = await file.at(index);
    if (!instance) return null;
    const outline = outlineOf(instance.polygon);
    const { name, color } = classes[positionOf(instance.classification ?? null)]!;
    return {
      index,
      id: instance.id,
      className: name,
      color,
      box: boxOf(outline),
      polygons: polygonsOf(outline),
      measurements: columns.flatMap(({ which, info }) => {
        const value = instance[MEASUREMENTS[which]!.field];
        return Number.isNaN(value) ? [] : [{ name: info.name, value }];
      }),
    };
  };

  return {
    info,
    async tile(address) {
      const selected = await select(file, address, positionOf);
      const indices = selected.outlines.map(({ index }) => index);
      return encodeTile(address, selected, outlinesOf(file.polygons(indices)));
    },
    async object(key) {
      const index = typeof key === "number" ? key : await file.indexOf(key);
      return describe(index);
    },
    async at(x, y, reach) {
      const index = await objectAt(file, x * UNITS_PER_PIXEL, y * UNITS_PER_PIXEL, reach);
      return index === null ? null : describe(index);
    },
    count: (box) => file.countMiddles(box),
    async column(measurement) {
      const column = columns[measurement];
      const values = new Float32Array(column ? file.count : 0);
      if (!column) return values;
      for await (const table of file.tables()) {
        for (let i = 0; i < table.count; i++) {
          values[table.first + i] = table.measurement(column.which, i);
        }
      }
      return values;
    },
    close: () => file.close(),
  };
}

async function select(
  file: ObjectsFile,
  address: TileAddress,
  positionOf: (name: string | null) => number,
) {
  const selection = new TileSelection(address);
  const side = OVERLAY_TILE_SIZE * 2 ** address.z;
  const box = { x: address.x * side, y: address.y * side, width: side, height: side };
  const positions = file.summary.classes.map(({ name }) => positionOf(name));
  for await (const table of file.tablesWithin(box)) {
    for (let i = 0; i < table.count; i++) {
      const [minX, minY] = [table.minX(i), table.minY(i)];
      const classOf = positions[table.classOf(i)]!;
      selection.add(
        table.first + i,
        minX,
        minY,
        minX + table.width(i),
        minY + table.height(i),
        classOf,
      );
    }
  }
  return selection.finish();
}

/** As the memory overlay finds it; the point in hundredths, `reach` in level-0 px. */
async function objectAt(
  file: ObjectsFile,
  x: number,
  y: number,
  reach: number,
): Promise<number | null> {
  const around = {
    x: x / UNITS_PER_PIXEL - reach,
    y: y / UNITS_PER_PIXEL - reach,
    width: 2 * reach,
    height: 2 * reach,
  };
  const far = reach * UNITS_PER_PIXEL;
  const under: number[] = [];
  let nearest: { readonly index: number; readonly distance: number } | null = null;
  for await (const table of file.tablesWithin(around)) {
    for (let i = 0; i < table.count; i++) {
      const [minX, minY, maxX, maxY] = [table.minX(i), table.minY(i), table.maxX(i), table.maxY(i)];
      const distance = Math.hypot(Math.max(minX - x, 0, x - maxX), Math.max(minY - y, 0, y - maxY));
      if (distance === 0) under.push(table.first + i);
      // A large object's box says little about where the object is: only near-point objects are reached for.
      const small = maxX - minX < 4 * far && maxY - minY < 4 * far;
      if (small && distance <= far && (nearest === null || distance < nearest.distance)) {
        nearest = { index: table.first + i, distance };
      }
    }
  }
  let best: { readonly index: number; readonly area: number } | null = null;
  let next = 0;
  for await (const outline of outlinesOf(file.polygons(under))) {
    const index = under[next++]!;
    if (!outlineHolds(outline, x, y)) continue;
    const area = outlineArea(outline);
    if (best === null || area < best.area) best = { index, area };
  }
  return best?.index ?? nearest?.index ?? null;
}

/** The classes that objects have, by their exported names; a name that is there twice counts once. */
function classesOf(file: ObjectsFile, classColors: ClassColors) {
  const { about, summary } = file;
  const task = Object.values(TASKS).find(({ name }) => name === about.task);
  const classes: { name: string; color: ClassInfo["color"]; count: number }[] = [];
  const positions = new Map<string, number>();
  for (const { name, objects } of summary.classes) {
    if (objects === 0) continue;
    const called = name ?? about.objectName;
    const known = positions.get(called);
    if (known !== undefined) {
      classes[known]!.count += objects;
      continue;
    }
    positions.set(called, classes.length);
    const color =
      name === null ? (task?.color ?? UNCLASSIFIED) : (classColors.get(name) ?? classColor(name));
    classes.push({ name: called, color, count: objects });
  }
  const positionOf = (name: string | null) => positions.get(name ?? about.objectName) ?? 0;
  return { classes, positionOf };
}

/** The measurements that any object has: which of MEASUREMENTS each is. */
function columnsOf({ summary }: ObjectsFile) {
  return MEASUREMENTS.flatMap(({ name }, which) => {
    const { min, max, low, high } = summary.measurements[which]!;
    if (min === null || max === null || low === null || high === null) return [];
    const info: MeasurementInfo = { name, min, max, low, high };
    return [{ which, info }];
  });
}

async function* outlinesOf(polygons: AsyncIterable<Polygon>): AsyncGenerator<Outline, void, void> {
  for await (const polygon of polygons) yield outlineOf(polygon);
}

function outlineOf({ outer, holes }: Polygon): Outline {
  const coordinates: number[] = [];
  const pointsOf = [0];
  for (const [r, ring] of [outer, ...holes].entries()) {
    const units = ring.map((px) => Math.round(px * UNITS_PER_PIXEL));
    for (const unit of turned(units, r === 0)) coordinates.push(unit);
    pointsOf.push(coordinates.length / 2);
  }
  return { coordinates, pointsOf };
}

function boxOf({ coordinates }: Outline): ObjectInfo["box"] {
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < coordinates.length; i += 2) {
    minX = Math.min(minX, coordinates[i]!);
    maxX = Math.max(maxX, coordinates[i]!);
    minY = Math.min(minY, coordinates[i + 1]!);
    maxY = Math.max(maxY, coordinates[i + 1]!);
  }
  const px = (units: number) => units / UNITS_PER_PIXEL;
  return [px(minX), px(minY), px(maxX), px(maxY)];
}
