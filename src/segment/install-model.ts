import { copyFile, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { type CatalogueEntry, filesOf } from "./catalogue.ts";
import { type Download, downloadFile } from "./download.ts";
import { sha256Of } from "./file-hash.ts";
import { externalWeights } from "./memory.ts";
import type { ModelSpec } from "./model.ts";
import { ModelChecksumError, ModelDownloadError, ModelNotFoundError } from "./model-errors.ts";
import { userModelsFolder } from "./models-folder.ts";
import { openModel } from "./open-model.ts";
import { loadModel, readJson } from "./registry.ts";

export interface InstallOptions {
  /** Where models are kept; the user's folder when left out. */
  readonly folder?: string;
  /** Replace a model of the same name. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  /** Told now and then: a file's name, bytes here, bytes in all where known. */
  readonly onProgress?: (file: string, done: number, total: number | null) => void;
}

/**
 * Brings a public export here, checks its graphs against its contract and describes it beside them, with
 * size and SHA-256 of what came where the catalogue states none.
 *
 * Files come from their addresses, or from the folder `from` (by their published names, in it or in a
 * folder of the model's name there). Throws ModelDownloadError, ModelChecksumError, ModelContractError.
 */
export async function fetchModel(
  entry: CatalogueEntry,
  from: string | null,
  options: InstallOptions = {},
): Promise<ModelSpec> {
  const folder = options.folder ?? userModelsFolder();
  const description = join(folder, `${entry.name}.json`);
  if (options.overwrite !== true && (await isFile(description)))
    return await loadModel(description);
  const recorded: Record<string, { path: string; sha256: string; bytes: number }> = {};
  for (const { role, name, file } of filesOf(entry)) {
    const path = join(folder, entry.name, name);
    const wanted = { url: file.url, path, sha256: file.sha256, bytes: file.bytes };
    const onProgress = (done: number, total: number | null) =>
      options.onProgress?.(name, done, total);
    const found =
      from === null
        ? await downloadFile(wanted, { ...withSignal(options), onProgress })
        : await copyFrom(from, entry.name, name, wanted);
    recorded[role] ??= { path: `${entry.name}/${name}`, ...found };
  }
  const { name, title, version, contract, licence, home, preprocess } = entry;
  return await describe(description, {
    name,
    title,
    version,
    contract,
    ...(preprocess ? { preprocess } : {}),
    tasks: ["nuclei", "tumor", "tissue"],
    files: recorded,
    input: { size: 1024 },
    licence,
    home,
  });
}

/**
 * Adds a model of one's own, described by a JSON file, to the user's models: graphs checked against the
 * contract, files copied, SHA-256 recorded.
 *
 * Throws what loading and opening it throws, and `usage` where the name is taken.
 */
export async function addModel(jsonPath: string, options: InstallOptions = {}): Promise<ModelSpec> {
  const source = resolve(jsonPath);
  const spec = await loadModel(source);
  await (await openModel(spec)).release();
  const folder = options.folder ?? userModelsFolder();
  const description = join(folder, `${spec.name}.json`);
  if (options.overwrite !== true && (await isFile(description))) {
    throw new MicrotomeError(
      "usage",
      `${description}: a model named "${spec.name}" is there already; give the new one another name, or --overwrite`,
      { name: spec.name },
    );
  }
  const files: Record<string, { path: string; sha256: string; bytes: number }> = {};
  for (const role of ["encoder", "decoder"] as const) {
    const { path, sha256, bytes } = spec.files[role];
    const kept = join(spec.name, basename(path));
    await copyWhole(path, join(folder, kept));
    const weights = await externalWeights(path);
    if (weights !== null) await copyWhole(weights, join(folder, spec.name, basename(weights)));
    files[role] = { path: kept, sha256, bytes };
  }
  const json = (await readJson(source)) as Record<string, unknown>;
  return await describe(description, { ...json, files });
}

/** Writes a description only once the graphs have opened: a listed model is one that works. */
async function describe(path: string, json: Record<string, unknown>): Promise<ModelSpec> {
  const tried = `${path}.tried.json`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(tried, `${JSON.stringify(json, null, 2)}\n`);
  try {
    await (await openModel(await loadModel(tried))).release();
    await rename(tried, path);
  } finally {
    await rm(tried, { force: true });
  }
  return await loadModel(path);
}

async function copyFrom(
  from: string,
  model: string,
  name: string,
  wanted: Download,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const places = [join(from, model, name), join(from, name)];
  for (const place of places) {
    if (!(await isFile(place))) continue;
    const found = { sha256: await sha256Of(place), bytes: (await stat(place)).size };
    if (wanted.bytes !== null && wanted.bytes !== found.bytes) {
      throw new ModelDownloadError(
        `${place}: found ${found.bytes} bytes, expected ${wanted.bytes}; copy it there again`,
        { file: place, found: found.bytes, expected: wanted.bytes },
      );
    }
    if (wanted.sha256 !== null && wanted.sha256 !== found.sha256) {
      throw new ModelChecksumError(
        `${place}: found SHA-256 ${found.sha256}, expected ${wanted.sha256}; it is not the file that was checked`,
        { file: place, found: found.sha256, expected: wanted.sha256 },
      );
    }
    await copyWhole(place, wanted.path);
    return found;
  }
  throw new ModelNotFoundError(
    `neither ${places.join(" nor ")} is there; expected the file of ${wanted.url} under its own name`,
    { file: places[1]! },
  );
}

async function copyWhole(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, `${to}.part`);
  await rename(`${to}.part`, to);
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}

function withSignal({ signal }: InstallOptions): { readonly signal?: AbortSignal } {
  return signal ? { signal } : {};
}
