import { FARTHEST_PX } from "../export/check-geometry.ts";
import { type ReadObject, streamGeoJsonPolygons } from "../export/geojson-read.ts";
import { mendPolygons } from "../export/mend-polygons.ts";
import { statedOrigin } from "../export/microtome-member.ts";
import { type Point, type Polygon, polygonArea, type Ring } from "../geometry.ts";
import { polygonsFault, toHundredths } from "../polygon-validity.ts";
import type { RunRecord } from "../store/run-record.ts";
import { shapeKey } from "./shape-key.ts";

/** Hundredths of a px. */
const FARTHEST = FARTHEST_PX * 100;

/** An object of a file that comes back from QuPath, in level-0 px. */
export interface EditedObject extends ReadObject {
  /** Its polygons as the file has them, 0.01 px, mended where they were not valid; the largest first. */
  readonly polygons: readonly Polygon[];
  /** Of its shape as the file has it, see {@link shapeKey}. */
  readonly key: number;
  /** Something had to be mended. */
  readonly mended: boolean;
}

/**
 * Where the file's (0, 0) lies, level-0 px.
 *
 * QuPath shows a slide with bounds (`openslide.bounds-*`) cropped to them and counts from their
 * corner: a file without microtome's own word on its frame is taken for one of QuPath's.
 */
export async function originOf(path: string, { slide }: Pick<RunRecord, "slide">): Promise<Point> {
  const stated = await statedOrigin(path);
  return stated ?? { x: slide.bounds?.x ?? 0, y: slide.bounds?.y ?? 0 };
}

/**
 * The objects of a GeoJSON file that counts from `origin`, in level-0 px.
 *
 * One that cannot be mended, or lies beyond FARTHEST_PX, has no polygons. Throws as {@link streamGeoJsonPolygons}.
 */
export async function* editedObjects(
  path: string,
  origin: Point,
): AsyncGenerator<EditedObject, void, void> {
  const place = (ring: Ring): number[] =>
    toHundredths(ring.map((value, i) => value + (i % 2 === 0 ? origin.x : origin.y)));
  for await (const object of streamGeoJsonPolygons(path)) {
    const placed = object.polygons.map(({ outer, holes }) => ({
      outer: place(outer),
      holes: holes.map(place),
    }));
    if (placed.some(({ outer }) => outer.some((value) => !(Math.abs(value) <= FARTHEST)))) {
      yield { ...object, polygons: [], key: 0, mended: false };
      continue;
    }
    const mended = polygonsFault(placed) !== null;
    const pixels = placed.map(({ outer, holes }) => ({
      outer: toPixels(outer),
      holes: holes.map(toPixels),
    }));
    const polygons = mended ? (mendPolygons(pixels) ?? []) : pixels;
    const largestFirst = [...polygons].sort((a, b) => polygonArea(b) - polygonArea(a));
    yield { ...object, polygons: largestFirst, key: shapeKey(object.polygons), mended };
  }
}

function toPixels(hundredths: readonly number[]): number[] {
  return hundredths.map((value) => value / 100);
}
