import type { ErrorRecord } from "../errors.ts";
import type { Box } from "../geometry.ts";
import type { StainEstimate } from "../stain.ts";
import type { RgbImage } from "../tiler/slide.ts";
import type { PatchMask } from "./mask.ts";
import type { AutoSettings, GridSettings, ModelSpec } from "./model.ts";
import type { Prompt } from "./prompt.ts";
import type { Provider } from "./provider.ts";

/** Which prompts a patch gets. */
export type PromptMode = { readonly kind: "auto" } | { readonly kind: "grid" } | GivenPrompts;

/** Someone's own prompts. */
export interface GivenPrompts {
  readonly kind: "given";
  readonly prompts: readonly Prompt[];
  /** The mask of best predicted IoU a prompt (the default), or all that the model has for an ambiguous prompt. */
  readonly masks?: "best" | "all";
  /** Whether each mask brings the logits that can be a prompt again, where the model takes such. */
  readonly logits?: boolean;
}

/** Everything a worker needs besides pixels; fixed for a run. */
export interface SegmentSettings {
  readonly model: ModelSpec;
  readonly auto: AutoSettings | null;
  readonly grid: GridSettings;
  /** µm per patch px, for areas. */
  readonly mpp: number;
  readonly minAreaUm2: number;
  readonly maxAreaUm2: number | null;
  /** The slide's stains, by which pixels are normalised before the model; null for pixels as they are. */
  readonly stain: StainEstimate | null;
  /** What runs the graphs; the CPU where left out. */
  readonly provider?: Provider;
}

/** One patch on its way to a worker. */
export interface SegmentJob {
  /** For messages. */
  readonly patchId: string;
  /** The pixels; the buffer is transferred, not copied. */
  readonly image: RgbImage;
  readonly prompts: PromptMode;
  /**
   * Where prompts make sense (tissue): a byte a cell, 1 = prompt here, row-major over
   * `cells` × `cells` equal cells of the patch; null = everywhere.
   */
  readonly allow: { readonly cells: number; readonly data: Uint8Array } | null;
  /** The part of the patch that holds slide pixels, patch px: nothing outside is prompted or masked. */
  readonly valid: Box;
}

/** What a worker answers; a failure is data. */
export type SegmentResult =
  | {
      readonly ok: true;
      readonly masks: readonly PatchMask[];
      readonly prompts: number;
      readonly ms: { readonly encode: number; readonly decode: number; readonly post: number };
    }
  | { readonly ok: false; readonly error: ErrorRecord };
