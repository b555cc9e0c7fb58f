import type { ModelSpec } from "../segment/model.ts";
import { readRunRecord, runKey } from "../store/run-folder.ts";
import type { RunRecord, StainRecord } from "../store/run-record.ts";
import { estimateStain } from "../tiler/estimate-stain.ts";
import type { FoundTissue } from "../tiler/tissue.ts";
import { VERSION } from "../version.ts";
import type { DecidedRun } from "./describe-run.ts";

/** What of an earlier start of the same run is taken over. */
export interface EarlierRun {
  readonly record: RunRecord;
  readonly stain: StainRecord | null;
  readonly key: string;
}

/**
 * The run's identity: the slide's fingerprint, the model and what its description says of its use, the
 * version, every parameter that decides the result, and the stain estimate, which decides it too.
 */
export function keyOf(run: DecidedRun, stain: StainRecord | null): string {
  return runKey({
    fingerprint: run.identity.sha256,
    model: run.model.sha256,
    description: useOf(run.model),
    software: VERSION,
    parameters: run.decision.parameters,
    stain,
  });
}

/** What a model's description says of its use. Weights alone are not the model: the same may be prepared, or told its classes, in another way. */
export function useOf(model: ModelSpec) {
  const { contract, input, window, preprocess = "sam", mpp, classes } = model;
  return { contract, input, window, preprocess, mpp, classes };
}

/**
 * The earlier start in a folder, where it is of this very run: its stain estimate is taken from its
 * record, so that it is known again, and gone on with, without estimating anew. Throws `corrupt-file`.
 */
export async function earlierRun(path: string, run: DecidedRun): Promise<EarlierRun | null> {
  const record = await readRunRecord(path);
  if (!record) return null;
  const stain = record.stain ?? null;
  const key = keyOf(run, stain);
  return key === record.key ? { record, stain, key } : null;
}

/** Estimates the stains once, where normalisation is asked for. Throws CorruptSlideError. */
export async function settleStain(
  run: DecidedRun,
  tissue: FoundTissue,
): Promise<StainRecord | null> {
  const method = run.decision.parameters.stainNormalise;
  if (method === "none") return null;
  const estimate = await estimateStain(run.slide, tissue, method);
  return typeof estimate === "string"
    ? { method, estimate: null, skipped: estimate }
    : { method, estimate, skipped: null };
}
