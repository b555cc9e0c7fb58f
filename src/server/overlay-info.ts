import type { OverlayInfo } from "./api.ts";
import { OVERLAY_TILE_SIZE } from "./overlay-source.ts";

/** Measurements that are the model's own score of an object, most telling first. */
const SCORE_NAMES = [/predicted iou/i, /probability/i, /^score$|[: ]score$/i, /stability/i];

/** Facts about an overlay whose objects reach `reach` level-0 px to the right or down. */
export function overlayInfo(
  facts: Pick<OverlayInfo, "objects" | "classes" | "measurements" | "version"> & {
    readonly reach: number;
  },
): OverlayInfo {
  const { reach, measurements } = facts;
  const scores = SCORE_NAMES.map((pattern) => measurements.findIndex((m) => pattern.test(m.name)));
  return {
    objects: facts.objects,
    classes: facts.classes,
    measurements,
    score: scores.find((index) => index >= 0) ?? null,
    tileSize: OVERLAY_TILE_SIZE,
    maxZoom: Math.max(0, Math.ceil(Math.log2(Math.max(reach, 0.01) / OVERLAY_TILE_SIZE))),
    version: facts.version,
  };
}
