import type { ErrorRecord } from "../../errors.ts";
import type { Box } from "../../geometry.ts";
import type { RgbImage } from "../../tiler/slide.ts";
import type { PromptAbilities } from "../contracts/adapter.ts";
import type { PatchMask } from "../mask.ts";
import type { ModelSpec } from "../model.ts";
import type { GivenPrompts } from "../protocol.ts";
import type { Provider } from "../provider.ts";

/** What a click worker is made of. */
export interface ClickSettings {
  readonly model: ModelSpec;
  /** ONNX Runtime's own: someone waits for the one patch that is encoded, where a run has patches for every core. */
  readonly threads: number;
  /** What runs the graphs; the CPU where left out. */
  readonly provider?: Provider;
  /** Embeddings kept in memory, bytes. */
  readonly memoryBytes: number;
  /** Where they are kept on disk, and how many bytes of them; null for not at all. */
  readonly disk: { readonly folder: string; readonly bytes: number } | null;
}

/** What a click worker is asked. `key` (64 hex digits) names a patch and everything that decides its embedding. */
export type ClickTask =
  | { readonly kind: "ready" }
  /** Whether the patch is kept. */
  | { readonly kind: "find"; readonly key: string }
  /** To answer a prompt on a patch that is kept; `valid` as in a SegmentJob. */
  | {
      readonly kind: "answer";
      readonly key: string;
      readonly valid: Box;
      readonly prompts: GivenPrompts;
    }
  /** To encode a patch and keep it; the pixels' buffer is transferred. */
  | {
      readonly kind: "embed";
      readonly key: string;
      readonly valid: Box;
      readonly image: RgbImage;
    };

/** Masks on a patch that was kept, or null where it was not; milliseconds in the worker. */
export interface ClickMasks {
  readonly masks: readonly PatchMask[] | null;
  readonly ms: { readonly decode: number; readonly post: number };
}

/** What each task is answered with; a failure is data. */
export interface ClickResults {
  readonly ready: { readonly takes: PromptAbilities; readonly anySize: boolean };
  readonly find: { readonly found: boolean };
  readonly answer: ClickMasks;
  readonly embed: { readonly ms: number };
}

/** An answer as it crosses the worker's boundary. */
export type ClickReply<K extends keyof ClickResults> =
  | { readonly ok: true; readonly value: ClickResults[K] }
  | { readonly ok: false; readonly error: ErrorRecord };
