import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { ModelContractError } from "../errors.ts";
import { sha256Of } from "./file-hash.ts";
import { externalWeights } from "./memory.ts";
import type { ModelFile, ModelSpec } from "./model.ts";
import { ModelChecksumError, ModelNotFoundError } from "./model-errors.ts";
import { type DescribedFile, type ModelDescription, parseModelDescription } from "./model-json.ts";
import { OWN_MODELS, userModelsFolder } from "./models-folder.ts";

/** Where models are looked for. */
export interface RegistryOptions {
  /** Folder of model descriptions (*.json); when left out, the package's own `models/` and then the user's. */
  readonly modelsDir?: string;
}

/** A model that is there, read from its description only: its files are not verified. */
export interface ListedModel extends ModelDescription {
  /** Absolute path of the JSON file. */
  readonly source: string;
}

/** The names of every model at hand, in the order of {@link describeModels}. Throws ModelContractError for a faulty description. */
export async function listModels(options: RegistryOptions = {}): Promise<string[]> {
  return (await describeModels(options)).map((model) => model.name);
}

/**
 * Every model at hand, folder by folder, by name within each, without verifying its files. A JSON file
 * without a "contract" is not a model and is passed over; so is a model of the user's with the name
 * of an earlier one. Throws ModelContractError for a faulty description.
 */
export async function describeModels(options: RegistryOptions = {}): Promise<ListedModel[]> {
  const models: ListedModel[] = [];
  for (const folder of foldersOf(options)) {
    for (const model of await describeFolder(folder)) {
      if (!models.some(({ name }) => name === model.name)) models.push(model);
    }
  }
  return models;
}

async function describeFolder(folder: string): Promise<ListedModel[]> {
  const names = await readdir(folder).catch(() => []);
  const models: ListedModel[] = [];
  for (const name of names.filter((n) => n.endsWith(".json"))) {
    const source = join(folder, name);
    const json = await readJson(source);
    if (typeof json === "object" && json !== null && "contract" in json) {
      models.push({ ...parseModelDescription(json, source), source });
    }
  }
  return models.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/**
 * The name of the model to use for a task: the first whose first task it is, else the first that lists
 * it; the package's own come before those that were added. Throws ModelNotFoundError naming the models there are.
 */
export async function defaultModelFor(
  task: string,
  options: RegistryOptions = {},
): Promise<string> {
  const models = await describeModels(options);
  const model =
    models.find((m) => m.tasks[0] === task) ?? models.find((m) => m.tasks.includes(task));
  if (model !== undefined) return model.name;
  throw new ModelNotFoundError(
    `no model for task "${task}" in ${foldersOf(options).join(" or ")}; there is ${inventory(models)}. Give one with --model NAME or --model FILE.json`,
    { task },
  );
}

/**
 * Loads a model's description by name, or from a JSON file, and verifies its files' SHA-256.
 *
 * Anything that ends in .json or holds a path separator is a file. Throws ModelNotFoundError,
 * ModelContractError for a faulty description, ModelChecksumError for altered weights.
 */
export async function loadModel(
  nameOrJsonPath: string,
  options: RegistryOptions = {},
): Promise<ModelSpec> {
  const source = await sourceOf(nameOrJsonPath, options);
  const description = parseModelDescription(await readJson(source), source);
  const encoder = await verify(description.files.encoder, source, "encoder");
  const decoder = await verify(description.files.decoder, source, "decoder");
  const parts = [encoder.sha256, decoder.sha256];
  for (const { path } of [encoder, decoder]) {
    const weights = await externalWeights(path);
    if (weights !== null) parts.push(await sha256Of(weights));
  }
  const sha256 = createHash("sha256").update(parts.join("\n")).digest("hex");
  return { ...description, source, files: { encoder, decoder }, sha256 };
}

async function sourceOf(nameOrJsonPath: string, options: RegistryOptions): Promise<string> {
  if (nameOrJsonPath.endsWith(".json") || /[/\\]/.test(nameOrJsonPath)) {
    const path = resolve(nameOrJsonPath);
    if ((await sizeOf(path)) !== null) return path;
    throw new ModelNotFoundError(
      `${path}: no such file; expected the JSON description of a model (docs/models.md)`,
      { file: path },
    );
  }
  const models = await describeModels(options);
  const model = models.find((m) => m.name === nameOrJsonPath);
  if (model !== undefined) return model.source;
  throw new ModelNotFoundError(
    `no model named "${nameOrJsonPath}" in ${foldersOf(options).join(" or ")}; there is ${inventory(models)}. A model of your own is given as --model FILE.json`,
    { name: nameOrJsonPath },
  );
}

function foldersOf({ modelsDir }: RegistryOptions): string[] {
  return modelsDir === undefined ? [OWN_MODELS, userModelsFolder()] : [resolve(modelsDir)];
}

function inventory(models: readonly ListedModel[]): string {
  if (models.length === 0) return "none";
  return models.map((m) => `"${m.name}" (${m.tasks.join(", ")})`).join(", ");
}

/** Reads a description's JSON. Throws ModelContractError where it is none. */
export async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, "utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelContractError(
      `${file}: is not JSON (${reason}); expected the description of a model (docs/models.md)`,
      { file },
      cause,
    );
  }
}

/** Size in bytes of a regular file, or null where there is none. */
async function sizeOf(path: string): Promise<number | null> {
  const info = await stat(path).catch(() => null);
  return info?.isFile() ? info.size : null;
}

async function verify(file: DescribedFile, source: string, role: string): Promise<ModelFile> {
  const path = isAbsolute(file.path) ? file.path : join(dirname(source), file.path);
  const bytes = await sizeOf(path);
  if (bytes === null) {
    throw new ModelNotFoundError(
      `${path}: no such file, but ${source} names it as its ${role}; put it there or mend "files.${role}.path"`,
      { file: path, source },
    );
  }
  const sha256 = await sha256Of(path);
  if (file.sha256 !== null && file.sha256 !== sha256) {
    throw new ModelChecksumError(
      `${path}: found SHA-256 ${sha256} (${bytes} bytes), expected ${file.sha256}${file.bytes === null ? "" : ` (${file.bytes} bytes)`} as ${source} says; fetch the file again, or remove "sha256" there if the change is meant`,
      { file: path, found: sha256, expected: file.sha256 },
    );
  }
  return { path, sha256, bytes };
}
