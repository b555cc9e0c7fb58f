import { MicrotomeError } from "../errors.ts";
import { DEEPEST_CHILD } from "../export/check-feature.ts";
import { isObject } from "../export/check-rules.ts";
import { type ClassColors, statedColor } from "../export/class-color.ts";
import { classificationOf, polygonsOf } from "../export/geojson-read.ts";
import { statedOrigin } from "../export/microtome-member.ts";
import { readFeatures } from "../export/read-features.ts";
import { type Box, type Point, ringBox, uniteBoxes } from "../geometry.ts";
import { innerPoint } from "../merge/measure.ts";
import { sha256Of } from "../segment/file-hash.ts";

/** What someone marked on a slide, to be outlined. Frame: level-0 px. */
export interface SlidePrompt {
  /** The feature's id, or "#" and its number in the file, with "." and a number for its children; of several points, with ":" and the point's number. */
  readonly id: string;
  readonly name: string | null;
  readonly classification: string | null;
  /** Points on the object. */
  readonly points: readonly Point[];
  readonly box: Box | null;
}

/** The prompts of one file. */
export interface PromptFile {
  readonly prompts: readonly SlidePrompt[];
  /** What the file says of its classes' colours, each the first that it gives. */
  readonly classColors: ClassColors;
  /** SHA-256 of the file's bytes. */
  readonly sha256: string;
  /** What was added to the file's coordinates, level-0 px; null where the file does not say what it counts from, and nothing was. */
  readonly origin: Point | null;
  /** Features that ask for nothing, by why. */
  readonly leftOut: { readonly ignored: number; readonly lines: number; readonly empty: number };
}

/** What a drawn shape asks for: the object in its bounding box, or the one under a point inside it. */
export type PromptShapes = "box" | "point";

/** More would be slower to ask than to segment the slide. */
const MOST_PROMPTS = 1_000_000;

/**
 * Reads prompts from GeoJSON, plain or gzip, as QuPath exports annotations.
 *
 * Every point of a Point or MultiPoint is a prompt; a polygon, rectangle or ellipse is one, by its bounding box or a
 * point inside it; lines are left out, and so are classes that end in `*`, which QuPath ignores (`Ignore*`).
 * What the file itself says of its frame (microtome's member) is heeded; see {@link promptsOnSlide} for one that says nothing.
 * Throws MicrotomeError `input-not-found`, `corrupt-file`, and `usage` where nothing is left to ask or too much.
 */
export async function readPrompts(path: string, shapes: PromptShapes): Promise<PromptFile> {
  const prompts: SlidePrompt[] = [];
  const classColors = new Map<string, readonly [number, number, number]>();
  const leftOut = { ignored: 0, lines: 0, empty: 0 };
  const origin = await statedOrigin(path);
  for await (const { index, value } of readFeatures(path)) {
    const refuse = (found: string): never => {
      throw new MicrotomeError(
        "corrupt-file",
        `Feature ${index} of ${path} has ${found}; expected points, or closed rings, of [x, y] numbers in level-0 pixels. Find every fault with microtome check.`,
        { path, feature: index },
      );
    };
    let within = 0;
    for (const feature of featuresOf(value, refuse)) {
      const number = within === 0 ? `#${index}` : `#${index}.${within}`;
      within++;
      const properties = isObject(feature.properties) ? feature.properties : {};
      const classification = classificationOf(properties.classification);
      if (classification?.endsWith("*")) {
        leftOut.ignored++;
        continue;
      }
      const color = statedColor(properties.classification);
      if (classification !== null && color !== null && !classColors.has(classification)) {
        classColors.set(classification, color);
      }
      const about = {
        id: typeof feature.id === "string" ? feature.id : number,
        name: typeof properties.name === "string" ? properties.name : null,
        classification,
      };
      const found = shapeOf(feature.geometry, shapes, refuse);
      if (found === "lines" || found === "empty") leftOut[found]++;
      else if ("box" in found) {
        prompts.push(moved({ ...about, points: [], box: found.box }, origin));
      } else {
        const many = found.points.length > 1;
        for (const [k, point] of found.points.entries()) {
          const id = many ? `${about.id}:${k}` : about.id;
          prompts.push(moved({ ...about, id, points: [point], box: null }, origin));
        }
      }
      if (prompts.length > MOST_PROMPTS) {
        throw new MicrotomeError(
          "usage",
          `${path} holds more than ${MOST_PROMPTS} prompts; split it, or segment the slide without it.`,
          { path, most: MOST_PROMPTS },
        );
      }
    }
  }
  if (prompts.length === 0) {
    const { ignored, lines, empty } = leftOut;
    throw new MicrotomeError(
      "usage",
      `${path} holds no prompt (${ignored} ignored by their class, ${lines} lines, ${empty} empty); expected points, or shapes with an area, in level-0 pixels.`,
      { path, ...leftOut },
    );
  }
  return { prompts, classColors, sha256: await sha256Of(path), origin, leftOut };
}

/**
 * A file's prompts as they lie on a slide: QuPath shows a slide with bounds (`openslide.bounds-*`) cropped to them and counts from
 * their corner, so a file that does not say what it counts from is taken for one of QuPath's, as `import` takes it.
 */
export function promptsOnSlide(file: PromptFile, bounds: Box | null): PromptFile {
  if (file.origin !== null || !bounds || (bounds.x === 0 && bounds.y === 0)) return file;
  const origin = { x: bounds.x, y: bounds.y };
  return { ...file, origin, prompts: file.prompts.map((prompt) => moved(prompt, origin)) };
}

function moved(prompt: SlidePrompt, origin: Point | null): SlidePrompt {
  if (!origin) return prompt;
  const place = <T extends Point>(at: T): T => ({ ...at, x: at.x + origin.x, y: at.y + origin.y });
  return { ...prompt, points: prompt.points.map(place), box: prompt.box && place(prompt.box) };
}

type Json = Readonly<Record<string, unknown>>;

/** A value's features: itself, a bare geometry as one, and those it is the parent of. */
function* featuresOf(
  value: unknown,
  refuse: (found: string) => never,
  depth = 0,
): Generator<Json, void, void> {
  // A child is a step into a list and one into the feature.
  if (depth > 2 * DEEPEST_CHILD)
    refuse(`features more than ${DEEPEST_CHILD} deep within one another`);
  if (Array.isArray(value)) {
    for (const item of value) yield* featuresOf(item, refuse, depth + 1);
    return;
  }
  if (!isObject(value)) return;
  if (Array.isArray(value.features)) {
    yield* featuresOf(value.features, refuse, depth + 1);
    return;
  }
  if (value.type !== "Feature") {
    yield { geometry: value };
    return;
  }
  yield value;
  const properties = isObject(value.properties) ? value.properties : {};
  yield* featuresOf(properties.childObjects ?? properties.children ?? null, refuse, depth + 1);
}

type Shape = { readonly points: readonly Point[] } | { readonly box: Box } | "lines" | "empty";

function shapeOf(geometry: unknown, shapes: PromptShapes, refuse: (found: string) => never): Shape {
  if (!isObject(geometry)) return "empty";
  const { type, coordinates } = geometry;
  if (type === "Point") return { points: [position(coordinates, refuse)] };
  if (type === "MultiPoint") {
    if (!Array.isArray(coordinates)) return refuse("points that are no list");
    if (coordinates.length === 0) return "empty";
    return { points: coordinates.map((value) => position(value, refuse)) };
  }
  if (type === "LineString" || type === "MultiLineString") return "lines";
  const polygons = polygonsOf(geometry, refuse);
  if (polygons.length === 0) return "empty";
  const box = polygons.map(({ outer }) => ringBox(outer)).reduce(uniteBoxes);
  if (!areFinite(box.x, box.y, box.width, box.height)) {
    return refuse("a position that is no finite number");
  }
  if (box.width <= 0 || box.height <= 0) return "empty";
  return shapes === "box" ? { box } : { points: [innerPoint(polygons[0]!)] };
}

function position(value: unknown, refuse: (found: string) => never): Point {
  const [x, y]: unknown[] = Array.isArray(value) ? value : [];
  if (typeof x !== "number" || typeof y !== "number" || !areFinite(x, y)) {
    return refuse("a position without finite numbers");
  }
  return { x, y };
}

function areFinite(...values: readonly number[]): boolean {
  return values.every(Number.isFinite);
}
