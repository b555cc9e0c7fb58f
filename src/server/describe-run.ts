import { basename } from "node:path";
import type { Corrections } from "../store/corrections.ts";
import type { RunRecord } from "../store/run-record.ts";
import type { RunInfo } from "./api.ts";
import type { CatalogRun } from "./catalog.ts";
import { withoutPaths } from "./http-error.ts";
import { originalId } from "./run-files.ts";

const MAX_FAILURES_TOLD = 100;

/** What a browser is told of a run, from its run.json; nothing of where it lies. */
export function describeRun(
  entry: CatalogRun,
  record: RunRecord,
): Omit<RunInfo, "overlay" | "downloads" | "corrections"> {
  const { failures } = record;
  return {
    id: entry.id,
    name: entry.name,
    task: record.task,
    state: record.state,
    slide: entry.slide,
    slideName: record.slide.name,
    software: `${record.software.name} ${record.software.version}`,
    model: {
      name: record.model.name,
      version: record.model.version,
      sha256: record.model.sha256,
    },
    mpp: { slide: record.mpp.slide, source: record.mpp.source, used: record.mpp.used },
    areaMm2: record.areaMm2,
    seconds: record.seconds,
    patches: { ...record.patches },
    counts: { ...record.counts },
    parameters: Object.fromEntries(
      Object.entries(record.parameters).map(([key, value]) => [
        key,
        typeof value === "string" ? withoutPaths(value) : value,
      ]),
    ),
    failures: failures.slice(0, MAX_FAILURES_TOLD).map(({ patch, error }) => ({
      patch,
      code: error.code,
      message: withoutPaths(error.message),
    })),
    failureCount: failures.length,
    researchUseOnly: true,
  };
}

/** The addresses of a run's GeoJSON, compressed and not. */
export function downloadsOf(id: string, path: string): RunInfo["downloads"] {
  const packed = basename(path);
  const plain = packed.replace(/\.gz$/, "");
  return [packed, plain].map((name) => ({ name, url: `/api/runs/${id}/${name}` }));
}

/** What a browser is told of a run's corrections; `told` is null where their record cannot be read. */
export function describeCorrections(
  run: string,
  original: boolean,
  told: Corrections | null,
): RunInfo["corrections"] {
  return {
    shown: original ? "original" : "corrected",
    corrected: run,
    original: originalId(run),
    about: told && {
      file: told.file,
      at: told.at,
      changed: told.changed,
      added: told.added,
      deleted: told.deleted,
    },
  };
}
