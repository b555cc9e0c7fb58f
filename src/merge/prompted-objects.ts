import type { PatchMask } from "../segment/mask.ts";
import type { PlannedPatch } from "../tiler/patch.ts";
import { placeMask } from "./candidate.ts";
import type { Instance } from "./instance.ts";
import { type InstanceFrame, instanceOf } from "./instance-of.ts";
import { connectedParts } from "./span-sets.ts";

const ALONE = { others: [], left: false, right: false, top: false, bottom: false };

/** An object that someone asked for, and which prompt of its patch did. */
export interface PromptedObject {
  readonly prompt: number;
  readonly instance: Instance;
}

/**
 * The objects of one patch's prompts, one a prompt: the largest 4-connected part of its mask. Nothing is
 * joined, and objects may share pixels: whoever asked twice gets two. `seedOf` tells the prompt apart in
 * the object's id. Throws MicrotomeError `corrupt-file` on a damaged mask.
 */
export function* promptedObjects(
  patch: PlannedPatch,
  masks: readonly PatchMask[],
  frame: InstanceFrame,
  seedOf: (prompt: number) => string,
): Generator<PromptedObject, void, void> {
  for (const mask of masks) {
    const placed = placeMask(patch, ALONE, mask, null);
    if (placed === null || mask.prompt === undefined) continue;
    const spans = connectedParts(placed.spans)[0]!;
    const idSeed = `${frame.idSeed}\n${seedOf(mask.prompt)}`;
    const { instance } = instanceOf({ spans, parts: [placed] }, { ...frame, idSeed });
    yield { prompt: mask.prompt, instance };
  }
}
