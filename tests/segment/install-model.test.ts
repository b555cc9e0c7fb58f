import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type CatalogueEntry,
  catalogueEntry,
  filesOf,
  readCatalogue,
} from "../../src/segment/catalogue.ts";
import { sha256Of } from "../../src/segment/file-hash.ts";
import { addModel, fetchModel } from "../../src/segment/install-model.ts";
import { userModelsFolder } from "../../src/segment/models-folder.ts";
import { defaultModelFor, listModels, loadModel } from "../../src/segment/registry.ts";
import { CASES } from "./toy.ts";

let mirror: string;
let folder: string;

beforeEach(async () => {
  const base = await mkdtemp(join(tmpdir(), "microtome-models-"));
  [mirror, folder] = [join(base, "mirror"), join(base, "models")];
  await mkdir(mirror);
});

afterEach(async () => {
  await rm(join(folder, ".."), { recursive: true, force: true });
});

const entry = (
  encoder = "sam-hf-encoder.onnx",
  decoder = "sam-hf-decoder.onnx",
): CatalogueEntry => ({
  name: "toy-sam",
  title: "toy",
  version: "1",
  contract: "sam-hf",
  preprocess: "medsam",
  home: "https://example.org/toy",
  licence: "CC0-1.0",
  files: {
    encoder: { url: `https://example.org/x/${encoder}?download=1`, sha256: null, bytes: null },
    decoder: { url: `https://example.org/x/${decoder}`, sha256: null, bytes: null },
  },
});

const mirrored = (...names: string[]) =>
  Promise.all(names.map((name) => copyFile(join(CASES, name), join(mirror, name))));

describe("fetchModel from a folder", () => {
  it("keeps the files, records what came, and the model can be loaded by name", async () => {
    await mirrored("sam-hf-encoder.onnx", "sam-hf-decoder.onnx");
    const spec = await fetchModel(entry(), mirror, { folder });
    const sha256 = await sha256Of(join(CASES, "sam-hf-encoder.onnx"));
    expect(spec.files.encoder).toMatchObject({ sha256, bytes: 318 });
    expect(spec).toMatchObject({ contract: "sam-hf", preprocess: "medsam", licence: "CC0-1.0" });
    const text = await readFile(join(folder, "toy-sam.json"), "utf8");
    expect(JSON.parse(text).files.encoder).toEqual({
      path: "toy-sam/sam-hf-encoder.onnx",
      sha256,
      bytes: 318,
    });
    expect(await listModels({ modelsDir: folder })).toEqual(["toy-sam"]);
    // From now on the recorded SHA-256 is what holds.
    await writeFile(join(folder, "toy-sam", "sam-hf-encoder.onnx"), "other bytes");
    await expect(loadModel("toy-sam", { modelsDir: folder })).rejects.toMatchObject({
      code: "model-checksum",
    });
  });

  it("refuses graphs of another contract and lists nothing then", async () => {
    await mirrored("edge-sam-encoder.onnx", "edge-sam-decoder.onnx");
    const wrong = entry("edge-sam-encoder.onnx", "edge-sam-decoder.onnx");
    await expect(fetchModel(wrong, mirror, { folder })).rejects.toThrow(
      'set "contract": "edge-sam"',
    );
    expect((await readdir(folder)).filter((name) => name.endsWith(".json"))).toEqual([]);
  });

  it("says where it looked for a file that is not there", async () => {
    await mirrored("sam-hf-encoder.onnx");
    await expect(fetchModel(entry(), mirror, { folder })).rejects.toMatchObject({
      code: "model-not-found",
      message: expect.stringContaining(join(mirror, "toy-sam", "sam-hf-decoder.onnx")),
    });
  });

  it.each([
    ["size", { bytes: 5, sha256: null }, "found 318 bytes, expected 5"],
    ["SHA-256", { bytes: null, sha256: "0".repeat(64) }, `expected ${"0".repeat(64)}`],
  ])("refuses a file of another %s", async (_what, stated, says) => {
    await mirrored("sam-hf-encoder.onnx", "sam-hf-decoder.onnx");
    const { files, ...rest } = entry();
    const strict = { ...rest, files: { ...files, encoder: { ...files.encoder, ...stated } } };
    await expect(fetchModel(strict, mirror, { folder })).rejects.toThrow(says);
  });
});

describe("addModel", () => {
  const description = {
    name: "mine",
    version: "1",
    contract: "sam-meta",
    tasks: ["nuclei"],
    files: {
      encoder: { path: join(CASES, "sam-meta-encoder.onnx") },
      decoder: { path: join(CASES, "sam-meta-decoder.onnx") },
    },
    input: { size: 1024 },
    licence: "CC0-1.0",
  };

  it("copies the files and keeps a name for its first owner", async () => {
    const json = join(mirror, "mine.json");
    await writeFile(json, JSON.stringify(description));
    const spec = await addModel(json, { folder });
    expect(spec.files.decoder.path).toBe(join(folder, "mine", "sam-meta-decoder.onnx"));
    await expect(addModel(json, { folder })).rejects.toMatchObject({ code: "usage" });
    expect((await addModel(json, { folder, overwrite: true })).sha256).toBe(spec.sha256);
  });

  it("refuses graphs that are not what the description says", async () => {
    const json = join(mirror, "mine.json");
    await writeFile(json, JSON.stringify({ ...description, contract: "sam2" }));
    await expect(addModel(json, { folder })).rejects.toThrow('set "contract": "sam-meta"');
  });
});

describe("the user's folder", () => {
  it("is searched after the package's own: an added model is never taken unasked", async () => {
    const before = process.env.MICROTOME_MODELS;
    process.env.MICROTOME_MODELS = folder;
    try {
      expect(userModelsFolder()).toBe(folder);
      await mirrored("sam-hf-encoder.onnx", "sam-hf-decoder.onnx");
      await fetchModel({ ...entry(), name: "a-first" }, mirror);
      expect(await listModels()).toEqual(["microtome-nuclei", "microtome-regions", "a-first"]);
      expect(await defaultModelFor("nuclei")).toBe("microtome-nuclei");
      expect((await loadModel("a-first")).contract).toBe("sam-hf");
    } finally {
      if (before === undefined) delete process.env.MICROTOME_MODELS;
      else process.env.MICROTOME_MODELS = before;
    }
  });
});

describe("the catalogue", () => {
  it("names each export once, by a secure address, with a licence and a file name of its own", async () => {
    const entries = await readCatalogue();
    const { models } = JSON.parse(
      await readFile(new URL("../../models/catalogue.json", import.meta.url), "utf8"),
    );
    expect(entries).toHaveLength(models.length);
    expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
    for (const { name, licence, home, ...rest } of entries) {
      expect(name).toMatch(/^[\w.-]+$/);
      expect(licence).not.toBe("");
      expect(home).toMatch(/^https:/);
      const files = filesOf({ name, licence, home, ...rest });
      expect(new Set(files.map((f) => f.name)).size).toBe(files.length);
      for (const { file, name: kept } of files) {
        expect(file.url).toMatch(/^https:\/\//);
        expect(kept).toMatch(/^[\w.-]+\.onnx(_data)?$/);
      }
    }
  });

  it("says which names there are", async () => {
    await expect(catalogueEntry("sam-9")).rejects.toThrow(/no model named "sam-9".*slimsam-77/);
  });
});
