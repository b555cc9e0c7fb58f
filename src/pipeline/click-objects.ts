import type { Instance } from "../merge/instance.ts";
import { instanceOf } from "../merge/instance-of.ts";
import { connectedParts } from "../merge/span-sets.ts";
import { rleToSpans } from "../merge/spans.ts";
import type { PatchMask } from "../segment/mask.ts";
import type { ClickPlan } from "./plan-click.ts";

/** An object under a click. */
export interface ClickedObject {
  readonly instance: Instance;
  /** It reaches a border of its patch beyond which the slide goes on: perhaps not whole. */
  readonly cut: boolean;
}

/** Masks of a click as objects on the slide, each its largest part. `seed` goes into their ids, as a run's does. */
export function clickedObjects(
  plan: ClickPlan,
  masks: readonly PatchMask[],
  seed: string,
): ClickedObject[] {
  const { scale, slideMpp, patch } = plan;
  const frame = {
    gridDownsample: scale.gridDownsample,
    mppX: slideMpp,
    mppY: slideMpp,
    idSeed: seed,
  };
  return masks.flatMap((mask): ClickedObject[] => {
    const { gridBox } = patch;
    const all = rleToSpans(mask.rle, gridBox.x + mask.box.x, gridBox.y + mask.box.y);
    if (all === null) return [];
    const spans = connectedParts(all)[0]!;
    const { predictedIou, stabilityScore, hematoxylinOd, classification } = mask;
    const scores = { predictedIou, stabilityScore, hematoxylinOd, classification };
    const { instance } = instanceOf({ spans, parts: [{ patch, spans, scores }] }, frame);
    return [{ instance, cut: isCut(plan, mask) }];
  });
}

function isCut({ patch: { gridBox }, gridSize }: ClickPlan, { box }: PatchMask): boolean {
  const beyond = {
    left: gridBox.x > 0,
    top: gridBox.y > 0,
    right: gridBox.x + gridBox.width < gridSize.width,
    bottom: gridBox.y + gridBox.height < gridSize.height,
  };
  return (
    (beyond.left && box.x === 0) ||
    (beyond.top && box.y === 0) ||
    (beyond.right && box.x + box.width === gridBox.width) ||
    (beyond.bottom && box.y + box.height === gridBox.height)
  );
}
