import type { Box, Point } from "../geometry.ts";
import type { Candidate } from "./candidate.ts";
import type { DecodedBatch, EncodedImage } from "./contracts/adapter.ts";
import type { CutMask, LogitGrid, MaskCutter } from "./cut-mask.ts";
import { LogitField } from "./logit-field.ts";
import type { MaskLogits } from "./prompt.ts";
import { type PromptBatch, sliceBatch } from "./prompt-batch.ts";

/** Which of a prompt's masks are looked at, and what each must pass. */
export interface MaskFilter {
  /** Only the mask with the best predicted IoU of each prompt. */
  readonly bestOnly: boolean;
  /** Masks must be strictly above. */
  readonly predictedIou: number;
  /** Masks must reach it. */
  readonly stability: number;
  /** Logit at which a mask is cut. */
  readonly maskThreshold: number;
  /** Whether the logits go out with each mask, to be a prompt again. */
  readonly keepLogits?: boolean;
  /** Which masks keep what they say of single pixels, to be weighed against others; absent for none. */
  readonly keepsField?: (mask: CutMask) => boolean;
}

/** A mask and the index of the prompt that made it. */
export interface Answer extends CutMask {
  readonly prompt: number;
  readonly predictedIou: number;
  readonly classification?: string;
  readonly logits?: MaskLogits;
  readonly field?: LogitField;
}

/** What decoding needs besides prompts; fixed for a patch. */
export interface DecodeContext {
  readonly encoded: EncodedImage;
  readonly batchSize: number;
  /** Masks keep only pixels inside, patch px, integers. */
  readonly clip: Box;
  /** Logits above and below the threshold between which a mask's stability is measured. */
  readonly stabilityOffset: number;
  readonly cutterFor: (grid: LogitGrid) => MaskCutter;
  /** Time spent is added here, ms. */
  readonly ms: { encode: number; decode: number; post: number };
}

/**
 * Decodes any number of prompts, batch after batch; each mask is filtered and made an RLE inside its
 * batch, so that no more than one batch of logits is ever held, but what lies under the masks of `keepsField`. In
 * the order of the prompts.
 */
export async function decodePrompts(
  context: DecodeContext,
  prompts: PromptBatch,
  filter: MaskFilter,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const { ms } = context;
  // SAM's graphs take one earlier mask a call.
  const batchSize = prompts.masks === null ? context.batchSize : 1;
  for (let from = 0; from < prompts.count; from += batchSize) {
    const start = performance.now();
    const decoded = await context.encoded.decode(sliceBatch(prompts, from, from + batchSize));
    const middle = performance.now();
    collect(context, decoded, from, filter, answers);
    ms.decode += middle - start;
    ms.post += performance.now() - middle;
  }
  return answers;
}

function collect(
  context: DecodeContext,
  decoded: DecodedBatch,
  from: number,
  filter: MaskFilter,
  answers: Answer[],
): void {
  const { clip, stabilityOffset } = context;
  const cutter = context.cutterFor(decoded.grid);
  const levels = {
    threshold: filter.maskThreshold,
    offset: stabilityOffset,
    leastStability: filter.stability,
  };
  for (let p = 0; p < decoded.prompts; p++) {
    const best = filter.bestOnly ? bestMask(decoded, p) : null;
    const classification = decoded.classification?.(p) ?? null;
    const named = classification === null ? {} : { classification };
    for (let m = 0; m < decoded.masksPerPrompt; m++) {
      if (best !== null && m !== best) continue;
      const predictedIou = decoded.predictedIou(p, m);
      // Written so that NaN fails too.
      if (!(predictedIou > filter.predictedIou)) continue;
      const { x, y } = decoded.origin(p);
      const logits = decoded.logits(p, m);
      const cut = cutter.cut(logits, x, y, clip, levels);
      if (cut === null) continue;
      const kept = filter.keepLogits === true ? { logits: logitsOf(decoded, p, m) } : {};
      const field =
        filter.keepsField?.(cut) === true
          ? { field: new LogitField(logits, decoded.grid, x, y, cut.box) }
          : {};
      answers.push({ ...cut, predictedIou, prompt: from + p, ...named, ...kept, ...field });
    }
  }
}

/** A copy: the batch's own numbers are gone with its next call. */
function logitsOf(decoded: DecodedBatch, prompt: number, mask: number): MaskLogits {
  const { columns, rows } = decoded.grid;
  return { columns, rows, data: decoded.logits(prompt, mask).slice() };
}

function bestMask(decoded: DecodedBatch, prompt: number): number {
  let best = 0;
  for (let m = 1; m < decoded.masksPerPrompt; m++) {
    if (decoded.predictedIou(prompt, m) > decoded.predictedIou(prompt, best)) best = m;
  }
  return best;
}

/** Answers with the points that made them; the prompt's index, meaningless outside, goes. */
export function withPoints(answers: readonly Answer[], points: readonly Point[]): Candidate[] {
  return answers.map(({ prompt, ...mask }) => ({ ...mask, point: points[prompt]! }));
}
