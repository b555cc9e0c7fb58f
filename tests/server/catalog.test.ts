import { mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MicrotomeError } from "../../src/errors.ts";
import type { ItemList } from "../../src/server/api.ts";
import { readCatalog } from "../../src/server/catalog.ts";
import { startServer } from "../../src/server/start-server.ts";
import { writeDicom } from "../tiler/write-dicom.ts";
import { badRunRecords } from "./support/bad-run-records.ts";
import { getJson } from "./support/http.ts";
import { writeRun, writeSlide } from "./support/made-run.ts";

let root: string;
let lines: string[];
const note = (line: string) => lines.push(line);

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "microtome-catalog-")));
  lines = [];
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const names = (items: ReadonlyMap<string, { readonly name: string }>) =>
  [...items.values()].map(({ name }) => name);

describe("a run.json that is none", () => {
  beforeEach(async () => {
    await writeSlide(join(root, "made.tif"), []);
    await writeRun(join(root, "made.nuclei"), join(root, "made.tif"), []);
    await mkdir(join(root, "bad.nuclei"));
  });

  test.each(badRunRecords)("is left out with a line: $name", async ({ text }) => {
    await writeFile(join(root, "bad.nuclei", "run.json"), text);
    const catalog = await readCatalog(root, note);
    expect(names(catalog.runs)).toEqual(["made.nuclei"]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(join(root, "bad.nuclei", "run.json"));
    const error = await readCatalog(join(root, "bad.nuclei"), note).catch((e) => e);
    expect(error).toBeInstanceOf(MicrotomeError);
    expect(error.code).toBe("corrupt-file");
  });

  test("does not end a server that runs, and is told of once", async () => {
    const server = await startServer({ target: root, port: 0, log: (line) => note(String(line)) });
    try {
      await writeFile(join(root, "bad.nuclei", "run.json"), badRunRecords[0]!.text);
      for (let i = 0; i < 3; i++) {
        const items = await getJson<ItemList>(server.port, "/api/items");
        expect(items.runs.map(({ name }) => name)).toEqual(["made.nuclei"]);
      }
      expect(lines).toHaveLength(1);
    } finally {
      await server.close();
    }
  });
});

describe("what is beyond the limits", () => {
  test("is told of: too deep", async () => {
    await mkdir(join(root, "1", "2", "3", "4", "5", "6", "7"), { recursive: true });
    await writeFile(join(root, "1", "2", "3", "4", "5", "6", "there.tif"), "");
    await writeFile(join(root, "1", "2", "3", "4", "5", "6", "7", "beyond.tif"), "");
    expect(names((await readCatalog(root, note)).slides)).toEqual(["there.tif"]);
    expect(lines).toEqual([expect.stringContaining("more than 6 deep")]);
    expect(lines[0]).toContain(join("6", "7"));
  });

  test("is told of: too many", async () => {
    for (const name of ["a.tif", "b.tif", "c.tif"]) await writeFile(join(root, name), "");
    const all = await readCatalog(root, note, { depth: 6, entries: 3 });
    expect([names(all.slides), lines]).toEqual([["a.tif", "b.tif", "c.tif"], []]);
    const some = await readCatalog(root, note, { depth: 6, entries: 2 });
    expect(names(some.slides)).toEqual(["a.tif", "b.tif"]);
    expect(lines).toEqual([expect.stringContaining("more than 2 files and folders")]);
  });
});

describe("a folder of DICOM files", () => {
  beforeEach(async () => {
    await mkdir(join(root, "case", "1.2.3"), { recursive: true });
    for (const [name, side] of [
      ["1", 16],
      ["2", 8],
    ] as const) {
      const pixels = Buffer.alloc(side * side * 3, 200);
      await writeDicom(join(root, "case", "1.2.3", name), side, side, { pixels });
    }
  });

  test("is one slide of that name, wherever it lies", async () => {
    for (const target of [root, join(root, "case"), join(root, "case", "1.2.3")]) {
      const { slides } = await readCatalog(target, note);
      const found = [...slides.values()].map(({ name, path }) => ({ name, path }));
      expect(found).toEqual([{ name: "1.2.3", path: join(root, "case", "1.2.3") }]);
    }
    expect([...(await readCatalog(root, note)).slides.values()][0]?.folder).toBe("case");
  });

  test("is the slide of its run, until one of its files is another", async () => {
    const run = join(root, "1.2.3.nuclei");
    await writeRun(run, join(root, "case", "1.2.3"), []);
    expect((await readCatalog(run, note)).slides.size).toBe(1);
    const pixels = Buffer.alloc(192, 100);
    await writeDicom(join(root, "case", "1.2.3", "2"), 8, 8, { pixels });
    expect((await readCatalog(run, note)).slides.size).toBe(0);
  });
});

describe("the slide of a run", () => {
  const other = () => join(root, "elsewhere", "made.tif");
  const run = () => join(root, "runs", "made.nuclei");

  beforeEach(async () => {
    await mkdir(join(root, "elsewhere"));
    await writeSlide(other(), []);
  });

  async function found(path: string): Promise<string | undefined> {
    const slide = { ...(await slideOf(other())), path };
    await writeRun(run(), other(), [], { slide });
    const catalog = await readCatalog(join(root, "runs"), note);
    return [...catalog.slides.values()][0]?.path;
  }

  async function slideOf(path: string) {
    await writeRun(join(root, "scratch"), path, []);
    const record = JSON.parse(await readFile(join(root, "scratch", "run.json"), "utf8"));
    return record.slide;
  }

  test("is where run.json says, from the run's folder", async () => {
    expect(await found("../../elsewhere/made.tif")).toBe(other());
  });

  test("is where local.json says, where run.json tells the name alone", async () => {
    expect(await found("made.tif")).toBeUndefined();
    await writeFile(join(run(), "local.json"), JSON.stringify({ slide: other() }));
    expect(await found("made.tif")).toBe(other());
  });

  test("is not another file that local.json names", async () => {
    const stranger = join(root, "elsewhere", "stranger.tif");
    await writeSlide(stranger, []);
    await writeFile(stranger, "x", { flag: "a" });
    await mkdir(run(), { recursive: true });
    await writeFile(join(run(), "local.json"), JSON.stringify({ slide: stranger }));
    expect(await found("made.tif")).toBeUndefined();
  });

  test.each(["{", "null", "[]", '{"slide":7}'])(
    "is still found beside the run where local.json is %s",
    async (text) => {
      await mkdir(run(), { recursive: true });
      await writeFile(join(run(), "local.json"), text);
      const slide = await slideOf(other());
      await writeRun(run(), other(), [], { slide: { ...slide, path: "made.tif" } });
      await rename(other(), join(root, "runs", "made.tif"));
      const catalog = await readCatalog(run(), note);
      expect([...catalog.slides.values()].map(({ path }) => path)).toEqual([
        join(root, "runs", "made.tif"),
      ]);
    },
  );
});
