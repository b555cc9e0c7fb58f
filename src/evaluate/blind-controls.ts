import { MicrotomeError } from "../errors.ts";
import type { Box, Point } from "../geometry.ts";
import { maskWhere, type PlacedMask } from "./placed-mask.ts";
import type { PromptTarget } from "./prompt-targets.ts";

/**
 * Answers to prompts that never look at the image. A prompted figure means something only as far as
 * it stands above these.
 */

/** The fixed disc control's radius, px at 0.25 µm/px (2.5 µm): a small nucleus. */
export const FIXED_DISC_RADIUS_PX = 10;

/** The pixels whose centres lie within `radius` px of a point. */
export function discMask(center: Point, radius: number): PlacedMask {
  const x0 = Math.floor(center.x - radius);
  const y0 = Math.floor(center.y - radius);
  const box: Box = {
    x: x0,
    y: y0,
    width: Math.ceil(center.x + radius) - x0,
    height: Math.ceil(center.y + radius) - y0,
  };
  return maskWhere(box, (x, y) => (x - center.x) ** 2 + (y - center.y) ** 2 <= radius * radius);
}

/** The pixels whose centres lie in the ellipse that fills a box of whole px. */
export function ellipseMask(box: Box): PlacedMask {
  const a = box.width / 2;
  const b = box.height / 2;
  return maskWhere(box, (x, y) => ((x - box.x - a) / a) ** 2 + ((y - box.y - b) / b) ** 2 <= 1);
}

/**
 * The median over objects of the radius of a disc of equal area, √(area/π), px; of an even number, the
 * mean of the middle two. Throws MicrotomeError `usage` when there is no object.
 */
export function medianEquivalentRadius(targets: readonly PromptTarget[]): number {
  const radii = targets.map(({ area }) => Math.sqrt(area / Math.PI)).sort((a, b) => a - b);
  const middle = radii.length / 2;
  const [low, high] = [radii[Math.ceil(middle) - 1], radii[Math.floor(middle)]];
  if (low === undefined || high === undefined) {
    throw new MicrotomeError(
      "usage",
      "No true object, so no radius for the disc control; expected at least one.",
    );
  }
  return (low + high) / 2;
}
