import type { Box, Point } from "../geometry.ts";
import type { LabelImage } from "./label-image.ts";

/** A true object as a prompted protocol asks for it; px of the label image. */
export interface PromptTarget {
  /** Its number in the label image. */
  readonly label: number;
  /** Pixels. */
  readonly area: number;
  /** Tight box, integers. */
  readonly box: Box;
  /**
   * The mean of its pixel centres; where that falls outside the object (a crescent), the centre of its
   * own pixel nearest to the mean (of equals, the first by rows). Always on one of its pixels.
   */
  readonly centroid: Point;
}

/** Every object of a label image, in the order of its first pixel. */
export function promptTargets(truth: LabelImage): readonly PromptTarget[] {
  const objects = new Map<number, Gathered>();
  const { width, height, data } = truth;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const label = data[y * width + x]!;
      if (label === 0) continue;
      let object = objects.get(label);
      if (!object) {
        object = { area: 0, sumX: 0, sumY: 0, x0: x, y0: y, x1: x, y1: y };
        objects.set(label, object);
      }
      object.area++;
      object.sumX += x + 0.5;
      object.sumY += y + 0.5;
      object.x0 = Math.min(object.x0, x);
      object.x1 = Math.max(object.x1, x);
      object.y1 = y;
    }
  }
  return [...objects].map(([label, { area, sumX, sumY, x0, y0, x1, y1 }]) => {
    const box: Box = { x: x0, y: y0, width: x1 - x0 + 1, height: y1 - y0 + 1 };
    const mean: Point = { x: sumX / area, y: sumY / area };
    return { label, area, box, centroid: onObject(truth, label, box, mean) };
  });
}

interface Gathered {
  area: number;
  sumX: number;
  sumY: number;
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

function onObject({ width, data }: LabelImage, label: number, box: Box, mean: Point): Point {
  if (data[Math.floor(mean.y) * width + Math.floor(mean.x)] === label) return mean;
  let nearest = mean;
  let least = Infinity;
  for (let y = box.y; y < box.y + box.height; y++) {
    for (let x = box.x; x < box.x + box.width; x++) {
      if (data[y * width + x] !== label) continue;
      const distance = (x + 0.5 - mean.x) ** 2 + (y + 0.5 - mean.y) ** 2;
      if (distance < least) {
        least = distance;
        nearest = { x: x + 0.5, y: y + 0.5 };
      }
    }
  }
  return nearest;
}
