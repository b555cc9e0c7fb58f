import { polygonArea } from "../geometry.ts";
import type { Candidate } from "./candidate.ts";
import type { Instance } from "./instance.ts";
import { circularity, circularityOf, innerPoint, perimeterUm } from "./measure.ts";
import { objectId } from "./object-id.ts";
import { outlineOf } from "./outline.ts";
import type { Spans } from "./spans.ts";

/** What turns grid pixels into an object on the slide. */
export interface InstanceFrame {
  /** Level-0 px per grid px. */
  readonly gridDownsample: number;
  /** µm per level-0 px. */
  readonly mppX: number;
  readonly mppY: number;
  /** Goes into every id before the outline. */
  readonly idSeed: string;
}

/** What is needed of a mask on the grid, whole, and of the masks of patches that it was made of. */
export interface ObjectMask {
  /** 4-connected. */
  readonly spans: Spans;
  readonly parts: readonly Pick<Candidate, "patch" | "spans" | "scores">[];
}

/** Makes the object that goes out of a 4-connected mask on the grid; says whether its outline is a staircase. */
export function instanceOf(
  { spans, parts }: ObjectMask,
  frame: InstanceFrame,
): { readonly instance: Instance; readonly staircase: boolean } {
  const { polygon, kind } = outlineOf(spans, frame.gridDownsample);
  const { mppX, mppY } = frame;
  const areaUm2 = polygonArea(polygon) * mppX * mppY;
  const perimeter = perimeterUm([polygon.outer, ...polygon.holes], mppX, mppY);
  let best = parts[0]!;
  let pixels = 0;
  let density = 0;
  for (const part of parts) {
    if (part.scores.predictedIou > best.scores.predictedIou) best = part;
    pixels += part.spans.area;
    density += part.spans.area * part.scores.hematoxylinOd;
  }
  const instance: Instance = {
    id: objectId(frame.idSeed, polygon),
    polygon,
    centroid: innerPoint(polygon),
    areaUm2,
    perimeterUm: perimeter,
    // Without holes both are the outer ring's own.
    circularity:
      polygon.holes.length === 0
        ? circularity(areaUm2, perimeter)
        : circularityOf(polygon, mppX, mppY),
    predictedIou: best.scores.predictedIou,
    stabilityScore: best.scores.stabilityScore,
    hematoxylinOd: parts.length === 1 ? best.scores.hematoxylinOd : density / pixels,
    ...(best.scores.classification === undefined
      ? {}
      : { classification: best.scores.classification }),
    patches: patchIds(parts),
  };
  return { instance, staircase: kind === "staircase" };
}

/** Each once, in the order of the plan. */
function patchIds(parts: ObjectMask["parts"]): string[] {
  if (parts.length === 1) return [parts[0]!.patch.id];
  const sorted = [...parts].sort((a, b) => a.patch.index - b.patch.index);
  return [...new Set(sorted.map((part) => part.patch.id))];
}
