import { JsonFields } from "./json-fields.ts";
import {
  type AutoSettings,
  type ClassSettings,
  CONTRACT_NAMES,
  type ContractName,
  type GridSettings,
  type ModelSpec,
} from "./model.ts";

/** A file as a description names it: `sha256` and `bytes` may be left out for a model one brings oneself. */
export interface DescribedFile {
  /** Relative to the JSON file, or absolute. */
  readonly path: string;
  readonly sha256: string | null;
  readonly bytes: number | null;
}

/** A model's JSON file, checked and with its defaults filled in, before its files are looked at. */
export interface ModelDescription extends Omit<ModelSpec, "files" | "sha256" | "source"> {
  readonly files: { readonly encoder: DescribedFile; readonly decoder: DescribedFile };
}

const SAM_SIZE = 1024;

/** Defaults of SAM's reference automatic mask generator. */
export const SAM_GRID_DEFAULTS: GridSettings = {
  pointsPerSide: 32,
  predictedIouThreshold: 0.88,
  stabilityScoreThreshold: 0.95,
  stabilityScoreOffset: 1,
  maskThreshold: 0,
  nmsIou: 0.7,
};

/**
 * Checks the parsed JSON of a model's description. `file` is named in messages.
 * Throws ModelContractError with the field, what was found and what was expected.
 */
export function parseModelDescription(json: unknown, file: string): ModelDescription {
  const root = new JsonFields(json, file);
  const name = root.text("name");
  // It becomes a folder's name: ".." would be another folder.
  if (!/^\w[\w.-]*$/.test(name)) {
    root.fail("name", "letters, digits, '.', '_' and '-' only, the first no '.' and no '-'");
  }
  const contract = root.oneOf("contract", CONTRACT_NAMES);
  const files = root.object("files");
  return {
    name,
    title: root.has("title") ? root.text("title") : name,
    version: root.text("version"),
    contract,
    tasks: root.texts("tasks"),
    files: {
      encoder: parseFile(files.object("encoder")),
      decoder: parseFile(files.object("decoder")),
    },
    input: parseInput(root, contract),
    window: contract === "window" ? parseWindow(root.object("window")) : null,
    ...(root.has("preprocess") ? { preprocess: parsePreprocess(root, contract) } : {}),
    mpp: root.has("mpp") ? root.number("mpp", 0.001) : null,
    masksPerPrompt: root.has("masksPerPrompt")
      ? root.count("masksPerPrompt")
      : contract === "window"
        ? 1
        : 3,
    classes:
      contract === "window" && root.has("classes") ? parseClasses(root.object("classes")) : null,
    auto: root.has("auto") ? parseAuto(root.object("auto"), contract) : null,
    grid: root.has("grid") ? parseGrid(root.object("grid")) : SAM_GRID_DEFAULTS,
    licence: root.text("licence"),
    trainedOn: root.has("trainedOn") ? root.texts("trainedOn") : [],
    researchUseOnly: root.has("researchUseOnly") ? root.flag("researchUseOnly") : true,
  };
}

function parseFile(fields: JsonFields): DescribedFile {
  const sha256 = fields.has("sha256") ? fields.text("sha256").toLowerCase() : null;
  if (sha256 !== null && !/^[0-9a-f]{64}$/.test(sha256)) fields.fail("sha256", "64 hex digits");
  return {
    path: fields.text("path"),
    sha256,
    bytes: fields.has("bytes") ? fields.count("bytes") : null,
  };
}

function parseInput(root: JsonFields, contract: ContractName): ModelDescription["input"] {
  if (contract !== "window") {
    // SAM's exports fix the side; anything else said here would not be true of the graph.
    if (root.has("input")) root.object("input").oneOf("size", [SAM_SIZE]);
    return { stride: 1, size: SAM_SIZE };
  }
  const input = root.object("input");
  const stride = input.count("stride");
  if (!input.has("preferredSize")) return { stride, size: null };
  const preferredSize = input.count("preferredSize");
  if (preferredSize % stride !== 0) input.fail("preferredSize", `a multiple of stride ${stride}`);
  return { stride, size: null, preferredSize };
}

/** Contracts whose exports leave preprocessing to the caller, and were made of models trained either way. */
const EITHER_PREPROCESS: readonly ContractName[] = ["sam-meta", "sam-hf"];

function parsePreprocess(root: JsonFields, contract: ContractName): "sam" | "medsam" {
  const preprocess = root.oneOf("preprocess", ["sam", "medsam"]);
  if (!EITHER_PREPROCESS.includes(contract)) {
    root.fail("preprocess", `nothing: the contract "${contract}" fixes it`);
  }
  return preprocess;
}

function parseWindow(fields: JsonFields): { readonly cells: number; readonly stride: number } {
  return { cells: fields.count("cells"), stride: fields.count("stride") };
}

function parseClasses(fields: JsonFields): ClassSettings {
  const names = fields.texts("names");
  const different = new Set(names).size === names.length && !names.includes("");
  if (names.length < 2 || !different) fields.fail("names", "two or more different names");
  return { names, threshold: fields.number("threshold", 0, 1) };
}

/** Fields of `auto`, as docs/models.md lists them. */
const AUTO_FIELDS = [
  "from",
  "objectnessThreshold",
  "peakRadiusPx",
  "predictedIouThreshold",
  "stabilityScoreThreshold",
  "maskThreshold",
  "nmsIou",
  "refinePasses",
  "minAreaUm2",
  "secondLookForeground",
] satisfies readonly (keyof AutoSettings)[];

function parseAuto(fields: JsonFields, contract: ContractName): AutoSettings {
  fields.only(AUTO_FIELDS);
  const isHematoxylin = fields.has("from") && fields.text("from") === "hematoxylin";
  if (fields.has("secondLookForeground") && (contract !== "window" || isHematoxylin)) {
    fields.fail(
      "secondLookForeground",
      `nothing, but with contract "window" and "from": "objectness" (the default)`,
    );
  }
  return {
    ...(fields.has("from") ? { from: fields.oneOf("from", ["objectness", "hematoxylin"]) } : {}),
    objectnessThreshold: fields.number("objectnessThreshold", 0, 1),
    peakRadiusPx: fields.number("peakRadiusPx", 0),
    predictedIouThreshold: fields.number("predictedIouThreshold", -1, 1),
    maskThreshold: fields.number("maskThreshold", Number.NEGATIVE_INFINITY),
    nmsIou: fields.number("nmsIou", 0, 1),
    refinePasses: fields.has("refinePasses") ? fields.oneOf("refinePasses", [0, 1]) : 0,
    minAreaUm2: fields.has("minAreaUm2") ? fields.number("minAreaUm2", 0) : 0,
    ...optionalNumber(fields, "stabilityScoreThreshold", 0, 1),
    ...optionalNumber(fields, "secondLookForeground", 0, 1),
  };
}

function optionalNumber<Name extends string>(
  fields: JsonFields,
  name: Name,
  least: number,
  most?: number,
): { readonly [K in Name]?: number } {
  if (!fields.has(name)) return {};
  return { [name]: fields.number(name, least, most) } as { readonly [K in Name]: number };
}

function parseGrid(fields: JsonFields): GridSettings {
  const pick = (name: keyof typeof SAM_GRID_DEFAULTS & string, least: number, most?: number) =>
    fields.has(name) ? fields.number(name, least, most) : (SAM_GRID_DEFAULTS[name] as number);
  return {
    pointsPerSide: fields.has("pointsPerSide")
      ? fields.count("pointsPerSide")
      : SAM_GRID_DEFAULTS.pointsPerSide,
    predictedIouThreshold: pick("predictedIouThreshold", -1, 1),
    stabilityScoreThreshold: pick("stabilityScoreThreshold", 0, 1),
    stabilityScoreOffset: pick("stabilityScoreOffset", 0),
    maskThreshold: pick("maskThreshold", Number.NEGATIVE_INFINITY),
    nmsIou: pick("nmsIou", 0, 1),
    ...(fields.has("nmsKind") ? { nmsKind: fields.oneOf("nmsKind", ["box", "mask"]) } : {}),
    ...(fields.has("cropLayers") ? { cropLayers: fields.oneOf("cropLayers", [0, 1, 2, 3]) } : {}),
    ...optionalNumber(fields, "coveredStability", 0, 1),
    ...optionalNumber(fields, "cropNmsIou", 0, 1),
    ...optionalNumber(fields, "cropOverlapRatio", 0, 0.99),
    ...optionalNumber(fields, "cropPointsDownscale", 1),
    ...optionalNumber(fields, "minMaskRegionAreaPx", 0),
  };
}
