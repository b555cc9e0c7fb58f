import type { Box, Point } from "../geometry.ts";

/** A point that says where an object is, or is not. Frame: patch px. */
export interface PromptPoint extends Point {
  /** 1 on the object, 0 beside it: SAM's labels. */
  readonly label: 0 | 1;
}

/** Logits of an earlier answer as its decoder gave them, over the square the encoder sees. */
export interface MaskLogits {
  readonly columns: number;
  readonly rows: number;
  /** columns × rows values, row-major. */
  readonly data: Float32Array;
}

/** What is asked for one object: points, a box, both, and an earlier answer to be corrected. Frame: patch px. */
export interface Prompt {
  readonly points: readonly PromptPoint[];
  readonly box?: Box;
  /** Only together with a point or a box; of the same patch and model. */
  readonly mask?: MaskLogits;
}

/** A prompt of one point on the object. */
export function pointPrompt({ x, y }: Point): Prompt {
  return { points: [{ x, y, label: 1 }] };
}

/** A prompt of a box round the object. */
export function boxPrompt(box: Box): Prompt {
  return { points: [], box };
}

/** Where a prompt is, in one point: its first point on the object, else its box's centre. */
export function promptPosition({ points, box }: Prompt): Point {
  const first = points.find(({ label }) => label === 1);
  if (first !== undefined) return { x: first.x, y: first.y };
  if (box !== undefined) return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  return { x: points[0]?.x ?? 0, y: points[0]?.y ?? 0 };
}
