import { cssColor, RAMP_STEPS, type Rgb, rampColor, rampStep } from "./color-ramp.ts";
import type { LoadedTile } from "./overlay-tiles.ts";

/** How objects get their colours. */
export type Coloring =
  | { readonly by: "class"; readonly colors: readonly Rgb[] }
  | {
      readonly by: "value";
      /** By object index. */
      readonly values: Float32Array;
      readonly low: number;
      readonly high: number;
    };

const NO_VALUE: Rgb = [128, 128, 128];

/**
 * Outlines in one path. Chromium's Path2D.closePath takes longer the more the path holds already: one
 * path of 15,000 outlines takes seconds to build, paths of so many take milliseconds.
 */
const OUTLINES_A_PATH = 128;

/** What one colour draws: outlines to stroke and fill, dots to fill. */
interface Layer {
  readonly color: Rgb;
  readonly outlines: Path2D[];
  /** Outlines in the last of `outlines`. */
  inLast: number;
  readonly dots: Path2D;
}

/**
 * Objects gathered into a few paths a colour, so that a frame costs few canvas calls however many
 * objects there are. Paths are in level-0 px from `originX`, `originY`.
 */
export interface Scene {
  readonly originX: number;
  readonly originY: number;
  readonly layers: readonly Layer[];
  /** Different objects in it. */
  readonly drawn: number;
}

/**
 * Builds a scene of tiles; an object that several tiles hold is taken from the first of them.
 * Classes in `hidden` are left out. `side` is a tile's at z = 0, level-0 px.
 */
export function buildScene(
  tiles: readonly LoadedTile[],
  coloring: Coloring,
  hidden: ReadonlySet<number>,
  side: number,
): Scene {
  const first = tiles[0];
  const originX = first ? first.x * side * 2 ** first.z : 0;
  const originY = first ? first.y * side * 2 ** first.z : 0;
  const layers = new Map<number, Layer>();
  const seen = new Set<number>();
  const layerOf = (object: number, classIndex: number): Layer => {
    const step =
      coloring.by === "class"
        ? classIndex
        : rampStep(coloring.values[object] ?? Number.NaN, coloring.low, coloring.high);
    let layer = layers.get(step);
    if (!layer) {
      layer = {
        color: colorOf(coloring, step),
        outlines: [],
        inLast: OUTLINES_A_PATH,
        dots: new Path2D(),
      };
      layers.set(step, layer);
    }
    return layer;
  };

  for (const { z, x, y, tile } of tiles) {
    const left = x * side * 2 ** z - originX;
    const top = y * side * 2 ** z - originY;
    for (let i = 0; i < tile.objects.length; i++) {
      const object = tile.objects[i]!;
      const classIndex = tile.classes[i]!;
      if (seen.has(object) || hidden.has(classIndex)) continue;
      seen.add(object);
      const path = pathFor(layerOf(object, classIndex));
      for (let r = tile.ringsOf[i]!; r < tile.ringsOf[i + 1]!; r++) {
        addRing(path, tile.xy, tile.pointsOf[r]!, tile.pointsOf[r + 1]!, left, top);
      }
    }
    // A dot is two pixels of its zoom wide.
    const radius = 2 ** z;
    for (let i = 0; i < tile.dots.length; i++) {
      const object = tile.dots[i]!;
      const classIndex = tile.dotClasses[i]!;
      if (seen.has(object) || hidden.has(classIndex)) continue;
      seen.add(object);
      const dotX = left + tile.dotXy[2 * i]! - radius;
      const dotY = top + tile.dotXy[2 * i + 1]! - radius;
      layerOf(object, classIndex).dots.rect(dotX, dotY, 2 * radius, 2 * radius);
    }
  }
  return { originX, originY, layers: [...layers.values()], drawn: seen.size };
}

function pathFor(layer: Layer): Path2D {
  if (layer.inLast >= OUTLINES_A_PATH) {
    layer.outlines.push(new Path2D());
    layer.inLast = 0;
  }
  layer.inLast++;
  return layer.outlines.at(-1)!;
}

function addRing(
  path: Path2D,
  xy: Float32Array,
  from: number,
  to: number,
  left: number,
  top: number,
): void {
  path.moveTo(left + xy[2 * from]!, top + xy[2 * from + 1]!);
  for (let p = from + 1; p < to; p++) path.lineTo(left + xy[2 * p]!, top + xy[2 * p + 1]!);
  path.closePath();
}

function colorOf(coloring: Coloring, step: number): Rgb {
  if (coloring.by === "class") return coloring.colors[step] ?? NO_VALUE;
  return step < 0 ? NO_VALUE : rampColor(step / (RAMP_STEPS - 1));
}

/** How a scene is drawn on the screen. */
export interface Frame {
  /** Device px per level-0 px. */
  readonly scale: number;
  /** Where level-0 (0, 0) lies, device px. */
  readonly left: number;
  readonly top: number;
  /** Device px per CSS px. */
  readonly ratio: number;
}

/** CSS px. */
const LINE_WIDTH = { thinnest: 0.9, thickest: 1.8 };
const FILL_ALPHA = 0.38;

/** Draws a scene; the canvas is not cleared before. */
export function drawScene(
  context: CanvasRenderingContext2D,
  scene: Scene,
  frame: Frame,
  filled: boolean,
): void {
  const { scale } = frame;
  context.setTransform(
    scale,
    0,
    0,
    scale,
    frame.left + scene.originX * scale,
    frame.top + scene.originY * scale,
  );
  // The cheapest join; at two pixels it looks like any other.
  context.lineJoin = "bevel";
  // Thinner as objects get small, so that crowds do not become one blot.
  const width = 1.9 * Math.sqrt(scale / frame.ratio);
  const { thinnest, thickest } = LINE_WIDTH;
  context.lineWidth = (Math.max(thinnest, Math.min(thickest, width)) * frame.ratio) / scale;
  for (const { color, outlines, dots } of scene.layers) {
    context.fillStyle = cssColor(color);
    context.fill(dots);
    if (filled) {
      context.fillStyle = cssColor(color, FILL_ALPHA);
      for (const path of outlines) context.fill(path);
    }
    context.strokeStyle = cssColor(color);
    for (const path of outlines) context.stroke(path);
  }
}
