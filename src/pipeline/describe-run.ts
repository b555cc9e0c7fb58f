import { basename, resolve } from "node:path";
import type { ModelSpec } from "../segment/model.ts";
import type { RunFolder } from "../store/run-folder.ts";
import type { PromptsRecord, RunRecord, RunState, StainRecord } from "../store/run-record.ts";
import { slidePathFromRun } from "../store/slide-location.ts";
import type { Slide } from "../tiler/slide.ts";
import { areaMm2, type FoundTissue } from "../tiler/tissue.ts";
import { VERSION } from "../version.ts";
import type { RunDecision, RunPlan } from "./plan-run.ts";
import { segmentedAreaMm2 } from "./segmented-area.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** A run whose slide is open and whose parameters are known, but whose pixels have not been looked at. */
export interface DecidedRun {
  readonly slide: Slide;
  readonly decision: RunDecision;
  readonly model: ModelSpec;
  readonly identity: { readonly bytes: number; readonly sha256: string };
  readonly watch: Stopwatch;
  /** What ran the model, and how many workers there came to be. */
  readonly execution: { readonly provider: string; workers: number };
}

/** A run whose tissue is found and whose patches are planned. */
export interface LookedRun extends DecidedRun {
  readonly plan: RunPlan;
  readonly tissue: FoundTissue;
}

/** A run whose stains and key are known: ready for its folder. */
export interface PreparedRun extends LookedRun {
  readonly stain: StainRecord | null;
  readonly key: string;
}

/** What a finished run adds to its record. */
export interface FoundObjects {
  readonly objects: number;
  /** Objects by the name they are exported under. */
  readonly byClass: Readonly<Record<string, number>>;
  readonly seams: Readonly<Record<string, number>>;
  readonly files: readonly string[];
  /** What became of given prompts. */
  readonly prompts?: PromptsRecord;
}

/** How the tissue was found, and how much of it, for run.json. */
function describeTissue(tissue: FoundTissue, plan: RunPlan): RunRecord["tissue"] {
  const mm2 = (px: number) => Number(areaMm2(px, plan.slideMpp).toFixed(6));
  return {
    method: plan.parameters.tissue,
    thresholdOd: Number(tissue.threshold.toFixed(5)),
    cellUm: Number((tissue.downsampleX * plan.slideMpp).toFixed(3)),
    slideMm2: mm2(tissue.areaPx),
    inkMm2: mm2(tissue.inkPx),
    glass: tissue.glass?.map((value) => Number(value.toFixed(1))) ?? null,
    ...(plan.patches.patches.length === 0 && !plan.asked ? { notice: noTissueNotice(plan) } : {}),
  };
}

/** What the user is told where no patch holds tissue. */
export function noTissueNotice({ parameters }: RunPlan): string {
  const where = parameters.region ? "in this region of the slide" : "on this slide";
  return `no tissue was found ${where}, so nothing is segmented; tissue without colour (silver stain, a grey scan) is not found: --tissue all takes everything for tissue, with --region x,y,w,h everything there (microtome tissue draws what is found)`;
}

/** The content of run.json as the run now stands; objects are null until they are written. */
export async function describeRun(
  run: PreparedRun,
  folder: RunFolder,
  state: RunState,
  slidePath: string,
  found: FoundObjects | null,
): Promise<RunRecord> {
  const { slide, plan, model, identity } = run;
  const { done, failed, masks, prompts } = folder.ledger.counts;
  const failures = await folder.ledger.failures();
  const ids = new Map(plan.patches.patches.map((patch) => [patch.index, patch.id]));
  return {
    format: 1,
    state,
    researchUseOnly: "for research use only",
    software: { name: "microtome", version: VERSION },
    key: run.key,
    task: plan.task.name,
    slide: {
      name: basename(resolve(slidePath)),
      path: slidePathFromRun(folder.path, slidePath),
      bytes: identity.bytes,
      fingerprint: identity.sha256,
      vendor: slide.vendor,
      ...slide.size,
      ...(slide.bounds ? { bounds: slide.bounds } : {}),
    },
    mpp: {
      slide: plan.slideMpp,
      source: slide.mpp?.source ?? "unknown",
      used: plan.scale.mpp,
      level: plan.scale.level,
      upsampled: plan.scale.upsampled,
    },
    model: {
      name: model.name,
      version: model.version,
      contract: model.contract,
      sha256: model.sha256,
      licence: model.licence,
    },
    execution: { ...run.execution },
    parameters: plan.parameters,
    patches: { planned: plan.patches.planned, skipped: plan.patches.blank, done, failed },
    ...(found?.prompts ? { prompts: found.prompts } : {}),
    counts: { objects: found?.objects ?? 0, masks, prompts },
    ...(model.classes !== null && found ? { classes: found.byClass } : {}),
    areaMm2: segmentedAreaMm2(run.tissue, plan),
    stain: run.stain,
    tissue: describeTissue(run.tissue, plan),
    seams: found?.seams ?? {},
    seconds: run.watch.seconds,
    failures: failures.map(({ patch, error }) => ({
      patch: ids.get(patch) ?? String(patch),
      error,
    })),
    files: found?.files ?? [],
  };
}
