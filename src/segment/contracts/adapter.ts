import type { Point } from "../../geometry.ts";
import type { RgbImage } from "../../tiler/slide.ts";
import type { LogitGrid } from "../cut-mask.ts";
import type { ContractName } from "../model.ts";
import type { PromptBatch } from "../prompt-batch.ts";
import type { Embedding } from "./embedding.ts";

/** A map of probabilities over the patch, row-major. */
export interface CellMap {
  /** columns × rows values, 0..1. */
  readonly data: Float32Array;
  readonly columns: number;
  readonly rows: number;
  /** Patch px a cell; cell (i, j) covers [j·cellPx, (j+1)·cellPx) × [i·cellPx, …). */
  readonly cellPx: number;
}

/** What a decoder answers to a batch: `masksPerPrompt` windows of logits for each prompt. */
export interface DecodedBatch {
  readonly prompts: number;
  readonly masksPerPrompt: number;
  /** The shape of every window. */
  readonly grid: LogitGrid;
  /** Logits of one window, grid.rows × grid.columns, row-major; a view, valid until the next call. */
  logits(prompt: number, mask: number): Float32Array;
  /** The model's own estimate of IoU, 0..1. */
  predictedIou(prompt: number, mask: number): number;
  /** Top left corner of the prompt's windows, patch px, integers. */
  origin(prompt: number): Point;
  /** The class the model is sure of at a prompt, or null; absent for a model without classes. */
  classification?(prompt: number): string | null;
}

/** One encoded patch. */
export interface EncodedImage {
  /** Where an object's centre is, or null where the model has no such output. */
  readonly objectness: CellMap | null;
  /** What belongs to any object; absent where the model's description has no use for it. */
  readonly foreground?: CellMap;
  /** Answers prompts; at most `batchSize` of them at once. */
  decode(prompts: PromptBatch): Promise<DecodedBatch>;
}

/** Which prompts an export can answer. */
export interface PromptAbilities {
  readonly boxes: boolean;
  /** A box together with points. */
  readonly boxWithPoints: boolean;
  /** Points beside the object, label 0. */
  readonly negativePoints: boolean;
  /** Most points a prompt; beside points a box counts as two. */
  readonly mostPoints: number;
  /** The cells of an earlier answer's logits, which it takes back as a prompt; null where it takes none. */
  readonly mask: { readonly columns: number; readonly rows: number } | null;
}

/** One way of talking to a promptable model: what differs between ONNX contracts is behind it. */
export interface SamAdapter {
  readonly contract: ContractName;
  /** Most prompts a decode call takes; those with an earlier mask go one by one. */
  readonly batchSize: number;
  readonly takes: PromptAbilities;
  /** True where encode gives an objectness map, which the auto mode needs. */
  readonly hasObjectness: boolean;
  /** True where the encoder takes an image of any size as it is, false where it is scaled to a fixed one. */
  readonly anySize: boolean;
  /** What the encoder makes of a patch; {@link SamAdapter.open} makes it answer prompts. */
  embed(image: RgbImage): Promise<Embedding>;
  /**
   * Makes an embedding answer prompts: the same answers, bit for bit, however long it was kept.
   * Throws ModelContractError where it lacks what this model's encoder gives.
   */
  open(embedding: Embedding): EncodedImage;
  /** {@link SamAdapter.embed} and {@link SamAdapter.open} in one. */
  encode(image: RgbImage): Promise<EncodedImage>;
  /** Frees both sessions. */
  release(): Promise<void>;
}

/** What a contract's file makes of two sessions; who opened them releases them. */
export type ContractAdapter = Omit<SamAdapter, "encode" | "release">;
