import type { Point, Size } from "../geometry.ts";
import {
  type Answer,
  type DecodeContext,
  decodePrompts,
  type MaskFilter,
} from "./decode-prompts.ts";
import { pointBatch } from "./prompt-batch.ts";
import { paintRle } from "./rle.ts";

/** What decides that a point need not be asked. */
export interface CoverRule {
  /** Least stability score of a mask that answers for the points in it. */
  readonly stability: number;
  /** The grid's points a side and its part of the patch, px: what coarse and fine mean. */
  readonly pointsPerSide: number;
  readonly part: Point & Size;
  /** The patch's size, px. */
  readonly patch: Size;
}

/**
 * {@link decodePrompts} for a grid of points, less the points that an accepted mask already covers.
 *
 * The points are asked from coarse to fine, so that early masks are spread over the patch and late points
 * find them. A point is left out where it lies in the smallest accepted mask of an earlier batch's prompt, if that
 * is stable enough: the larger masks of a prompt hold parts that it says nothing of. Which points are asked
 * depends on the batch size, for a batch is filled before its answers are known; nothing else does. The answers
 * come in the order of the points. Costs one byte a pixel of the patch.
 */
export async function decodeUncovered(
  context: DecodeContext,
  points: readonly Point[],
  filter: MaskFilter,
  rule: CoverRule,
): Promise<{ readonly answers: Answer[]; readonly asked: number }> {
  const { width, height } = rule.patch;
  const covered = new Uint8Array(width * height);
  const isCovered = ({ x, y }: Point) => covered[Math.floor(y) * width + Math.floor(x)] === 1;
  const order = coarseToFine(points, rule);
  const answers: Answer[] = [];
  let asked = 0;
  for (let next = 0; next < order.length; ) {
    const batch: number[] = [];
    while (next < order.length && batch.length < context.batchSize) {
      const index = order[next++]!;
      if (!isCovered(points[index]!)) batch.push(index);
    }
    if (batch.length === 0) break;
    asked += batch.length;
    const found = await decodePrompts(context, pointBatch(batch.map((i) => points[i]!)), filter);
    const start = performance.now();
    for (const mask of smallestOfEach(found)) {
      if (mask.stabilityScore < rule.stability) continue;
      paintRle(mask, covered, { x: 0, y: 0, width, height });
    }
    for (const answer of found) answers.push({ ...answer, prompt: batch[answer.prompt]! });
    context.ms.post += performance.now() - start;
  }
  // Array.prototype.sort is stable: masks of one prompt keep their order.
  return { answers: answers.sort((a, b) => a.prompt - b.prompt), asked };
}

function smallestOfEach(answers: readonly Answer[]): Iterable<Answer> {
  const smallest = new Map<number, Answer>();
  for (const answer of answers) {
    const known = smallest.get(answer.prompt);
    if (known === undefined || answer.area < known.area) smallest.set(answer.prompt, answer);
  }
  return smallest.values();
}

/** Indices of a grid's points such that every beginning of the list is spread over the grid. */
export function coarseToFine(
  points: readonly Point[],
  { pointsPerSide, part }: Pick<CoverRule, "pointsPerSide" | "part">,
): number[] {
  const bits = Math.ceil(Math.log2(Math.max(2, pointsPerSide)));
  const rank = ({ x, y }: Point): number => {
    const column = Math.floor(((x - part.x) / part.width) * pointsPerSide);
    const row = Math.floor(((y - part.y) / part.height) * pointsPerSide);
    // The lowest bits, which tell fine from coarse, weigh most; rows and columns take turns.
    let value = 0;
    for (let bit = 0; bit < bits; bit++) {
      const [r, c] = [(row >> bit) & 1, (column >> bit) & 1];
      // The diagonal first: the farthest of the three.
      value = value * 4 + (r === c ? r : 2 + c);
    }
    return value;
  };
  return points
    .map((point, index) => ({ index, rank: rank(point) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map(({ index }) => index);
}
