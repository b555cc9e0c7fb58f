import { createHash } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ModelContractError } from "../../src/errors.ts";
import { ModelChecksumError, ModelNotFoundError } from "../../src/segment/model-errors.ts";
import { parseModelDescription, SAM_GRID_DEFAULTS } from "../../src/segment/model-json.ts";
import { defaultModelFor, listModels, loadModel } from "../../src/segment/registry.ts";
import { CASES, golden } from "./toy.ts";

const WINDOW = {
  name: "toy-nuclei",
  title: "Toy",
  version: "1.0.0",
  contract: "window",
  tasks: ["nuclei"],
  files: { encoder: { path: "window-encoder.onnx" }, decoder: { path: "window-decoder.onnx" } },
  input: { stride: 16, preferredSize: 1024 },
  window: { cells: 16, stride: 2 },
  mpp: 0.25,
  licence: "Apache-2.0",
  trainedOn: ["a set"],
  researchUseOnly: true,
};
const SAM = {
  name: "my-sam",
  version: "vit-b",
  contract: "sam-meta",
  tasks: ["tissue", "nuclei"],
  files: { encoder: { path: "window-encoder.onnx" }, decoder: { path: "window-decoder.onnx" } },
  licence: "Apache-2.0",
};

let modelsDir: string;
const write = (name: string, value: unknown) =>
  writeFile(join(modelsDir, name), typeof value === "string" ? value : JSON.stringify(value));

beforeAll(async () => {
  modelsDir = await mkdtemp(join(tmpdir(), "microtome-models-"));
  for (const name of ["window-encoder.onnx", "window-decoder.onnx"]) {
    await copyFile(join(CASES, name), join(modelsDir, name));
  }
  await write("toy-nuclei.json", WINDOW);
  await write("sam.json", SAM);
  await write("figures.json", { pq: 0.5 });
});
afterAll(() => rm(modelsDir, { recursive: true }));

const sha = async (name: string) =>
  createHash("sha256")
    .update(await readFile(join(CASES, name)))
    .digest("hex");

describe("a folder of models", () => {
  it("lists models by name and passes over other JSON", async () => {
    expect(await listModels({ modelsDir })).toEqual(["my-sam", "toy-nuclei"]);
    expect(await listModels({ modelsDir: join(modelsDir, "absent") })).toEqual([]);
  });

  it("chooses the model whose first task it is, before one that only lists it", async () => {
    expect(await defaultModelFor("nuclei", { modelsDir })).toBe("toy-nuclei");
    expect(await defaultModelFor("tissue", { modelsDir })).toBe("my-sam");
    await expect(defaultModelFor("tumor", { modelsDir })).rejects.toMatchObject({
      code: "model-not-found",
      message: expect.stringMatching(
        /no model for task "tumor".*"my-sam" \(tissue, nuclei\), "toy-nuclei" \(nuclei\).*--model/,
      ),
    });
  });

  it("loads by name or by file, with absolute paths, checksums and an identity", async () => {
    const model = await loadModel("toy-nuclei", { modelsDir });
    expect(await loadModel(join(modelsDir, "toy-nuclei.json"))).toEqual(model);
    const [encoder, decoder] = [await sha("window-encoder.onnx"), await sha("window-decoder.onnx")];
    expect(model.files.encoder).toEqual({
      path: join(modelsDir, "window-encoder.onnx"),
      sha256: encoder,
      bytes: (await readFile(join(CASES, "window-encoder.onnx"))).length,
    });
    expect(model.sha256).toBe(createHash("sha256").update(`${encoder}\n${decoder}`).digest("hex"));
    expect(model).toMatchObject({ masksPerPrompt: 1, auto: null, grid: SAM_GRID_DEFAULTS });
    const sam = await loadModel("my-sam", { modelsDir });
    expect(sam).toMatchObject({
      title: "my-sam",
      input: { size: 1024 },
      window: null,
      masksPerPrompt: 3,
      mpp: null,
      trainedOn: [],
      researchUseOnly: true,
    });
  });

  it("names what was looked for and what there is", async () => {
    await expect(loadModel("toy-cells", { modelsDir })).rejects.toThrow(ModelNotFoundError);
    await expect(loadModel("toy-cells", { modelsDir })).rejects.toThrow(
      /no model named "toy-cells" in .*"my-sam".*"toy-nuclei"/,
    );
    await expect(loadModel("./absent.json")).rejects.toThrow(/absent\.json: no such file/);
  });

  it("names a missing file of a model and who names it", async () => {
    await write("lost.json", {
      ...WINDOW,
      files: { ...WINDOW.files, decoder: { path: "lost.onnx" } },
    });
    const error = await loadModel(join(modelsDir, "lost.json")).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ModelNotFoundError);
    expect((error as Error).message).toMatch(
      /lost\.onnx: no such file, but .*lost\.json names it as its decoder/,
    );
    await rm(join(modelsDir, "lost.json"));
  });

  it("refuses altered weights with both checksums", async () => {
    const right = await sha("window-encoder.onnx");
    const described = (sha256: string) => ({
      ...WINDOW,
      files: { ...WINDOW.files, encoder: { path: "window-encoder.onnx", sha256, bytes: 5 } },
    });
    await write("sums.json", described(right.toUpperCase()));
    expect((await loadModel(join(modelsDir, "sums.json"))).files.encoder.sha256).toBe(right);
    await write("sums.json", described("0".repeat(64)));
    const error = await loadModel(join(modelsDir, "sums.json")).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ModelChecksumError);
    expect(error).toMatchObject({ code: "model-checksum", exitStatus: 4 });
    expect((error as Error).message).toContain(`found SHA-256 ${right}`);
    expect((error as Error).message).toContain(`expected ${"0".repeat(64)} (5 bytes)`);
    await rm(join(modelsDir, "sums.json"));
  });

  it("refuses a file that is not JSON", async () => {
    await write("torn.json", '{"name": ');
    const error = await loadModel(join(modelsDir, "torn.json")).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ModelContractError);
    expect((error as Error).message).toMatch(/torn\.json: is not JSON/);
    await rm(join(modelsDir, "torn.json"));
  });
});

interface BadDescription {
  readonly what: string;
  readonly remove?: string;
  readonly set?: Readonly<Record<string, unknown>>;
  readonly expect: string;
}

describe("faulty descriptions", async () => {
  it.each(await golden<BadDescription[]>("descriptions.json"))(
    "$what",
    ({ remove, set, expect: message }) => {
      const json: Record<string, unknown> = { ...WINDOW, ...set };
      if (remove !== undefined) delete json[remove];
      expect(() => parseModelDescription(json, "a.json")).toThrow(ModelContractError);
      expect(() => parseModelDescription(json, "a.json")).toThrow(`a.json: ${message}`);
    },
  );

  it("the one they are made from is sound", () => {
    expect(parseModelDescription(WINDOW, "a.json")).toMatchObject(WINDOW);
    expect(() => parseModelDescription([], "a.json")).toThrow(
      "a.json: the file: found [], expected an object",
    );
  });
});
