import type { Box, Point } from "../geometry.ts";
import type { MaskLogits, Prompt } from "./prompt.ts";

/** Prompts of one decoder call, all of one shape: as many points each, all or none with a box, and so with a mask. */
export interface PromptBatch {
  readonly count: number;
  /** N; 0 for boxes alone. */
  readonly pointsPerPrompt: number;
  /** count × N × 2: x, y, patch px. */
  readonly xy: Float32Array;
  /** count × N: 1 on the object, 0 beside it. */
  readonly labels: Uint8Array;
  /** count × 4: x0, y0, x1, y1, patch px; null without boxes. */
  readonly xyxy: Float32Array | null;
  /** An earlier answer a prompt; null without. */
  readonly masks: readonly MaskLogits[] | null;
  /** Whether the three masks for an ambiguous prompt are wanted, or the one for a clear prompt (SamPredictor's `multimask_output`). */
  readonly multimask: boolean;
}

/** One point on the object a prompt, patch px. */
export function pointBatch(points: readonly Point[]): PromptBatch {
  return {
    count: points.length,
    pointsPerPrompt: 1,
    xy: Float32Array.from(points.flatMap(({ x, y }) => [x, y])),
    labels: new Uint8Array(points.length).fill(1),
    xyxy: null,
    masks: null,
    multimask: true,
  };
}

/** One box a prompt, patch px. */
export function boxBatch(boxes: readonly Box[]): PromptBatch {
  return {
    count: boxes.length,
    pointsPerPrompt: 0,
    xy: new Float32Array(0),
    labels: new Uint8Array(0),
    xyxy: corners(boxes),
    masks: null,
    multimask: false,
  };
}

/** Some prompts of a batch. Copies, not views: ONNX Runtime reads a tensor from its buffer. */
export function sliceBatch(batch: PromptBatch, from: number, to: number): PromptBatch {
  const { count, pointsPerPrompt: points, xy, labels, xyxy, masks } = batch;
  return {
    ...batch,
    count: Math.min(to, count) - from,
    xy: xy.slice(from * points * 2, to * points * 2),
    labels: labels.slice(from * points, to * points),
    xyxy: xyxy?.slice(from * 4, to * 4) ?? null,
    masks: masks?.slice(from, to) ?? null,
  };
}

/** Prompts of one shape, and which of those that were given they are. */
export interface PromptGroup {
  readonly batch: PromptBatch;
  readonly indices: readonly number[];
}

/**
 * Sorts prompts by shape, since a decoder takes one shape a call and padding them to one would change what
 * SAM answers. With `multimask` three masks are asked for whatever the prompt, else only for a lone point,
 * which alone is ambiguous, as segment-anything recommends.
 */
export function groupPrompts(prompts: readonly Prompt[], multimask: boolean): PromptGroup[] {
  const groups = new Map<string, number[]>();
  for (const [index, { points, box, mask }] of prompts.entries()) {
    const shape = `${points.length} ${box !== undefined} ${mask !== undefined}`;
    const group = groups.get(shape);
    if (group === undefined) groups.set(shape, [index]);
    else group.push(index);
  }
  return [...groups.values()].map((indices) => ({
    indices,
    batch: batchOf(
      indices.map((i) => prompts[i]!),
      multimask,
    ),
  }));
}

/** Prompts that are all of the first one's shape. */
function batchOf(prompts: readonly Prompt[], multimask: boolean): PromptBatch {
  const { points, box, mask } = prompts[0]!;
  const all = prompts.flatMap((prompt) => prompt.points);
  const lone = points.length === 1 && box === undefined && mask === undefined;
  return {
    count: prompts.length,
    pointsPerPrompt: points.length,
    xy: Float32Array.from(all.flatMap(({ x, y }) => [x, y])),
    labels: Uint8Array.from(all, ({ label }) => label),
    xyxy: box === undefined ? null : corners(prompts.map((prompt) => prompt.box!)),
    masks: mask === undefined ? null : prompts.map((prompt) => prompt.mask!),
    multimask: multimask || lone,
  };
}

function corners(boxes: readonly Box[]): Float32Array {
  return Float32Array.from(
    boxes.flatMap(({ x, y, width, height }) => [x, y, x + width, y + height]),
  );
}
