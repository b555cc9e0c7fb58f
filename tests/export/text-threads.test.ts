import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { QUPATH, writeQuPath } from "../../src/export/qupath.ts";
import { type StartTextThread, TextThreads } from "../../src/export/text-threads.ts";
import { stoppable } from "../../src/pipeline/stoppable.ts";
import { textThreadsOf } from "../../src/pipeline/text-threads.ts";
import type { InstanceSource } from "../../src/store/instance-source.ts";
import { ObjectsFile } from "../../src/store/objects/objects-file.ts";
import { writeObjects } from "../../src/store/objects/write-objects.ts";
import { ABOUT } from "../store/objects/some-objects.ts";
import { NUCLEI, streamOf, strewn, subjectOf } from "./objects.ts";

const STYLE = {
  task: NUCLEI,
  origin: { x: 12, y: 7 },
  classColors: new Map<string, readonly [number, number, number]>([["Lymphocyte", [1, 2, 3]]]),
};
let folder = "";
let file: ObjectsFile;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "microtome-threads-"));
  const path = join(folder, "nuclei.objects");
  await writeObjects(streamOf(strewn(9000)), { path, about: ABOUT });
  file = await ObjectsFile.open(path);
});
afterEach(async () => {
  await file.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The objects as this thread reads them: not before something has happened. */
function after(event: Promise<unknown>): InstanceSource {
  return {
    count: file.count,
    extent: file.extent,
    all: () => file.all(),
    within: (box) => file.within(box),
    cuts: (bytes) => file.cuts(bytes),
    async *blocks(from, to) {
      await event;
      yield* file.blocks(from, to);
    },
  };
}

/** A start whose threads are noticed, and what they said. */
function noticed(start: StartTextThread) {
  const said: string[] = [];
  let heard = () => {};
  const first = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const starting: StartTextThread = (style) => {
    const worker = start(style);
    worker.on("message", ({ kind }: { kind: string }) => {
      said.push(kind);
      heard();
    });
    return worker;
  };
  return { said, first, starting };
}

describe("TextThreads", () => {
  it("give the bytes that one thread gives, whole or in part, and use their buffers again", async () => {
    const { said, first, starting } = noticed(textThreadsOf(file)!);
    const threads = new TextThreads(after(first), STYLE, starting);
    try {
      for (const stretch of [
        { from: 0, to: file.count },
        { from: 300, to: 8001 },
        { from: 5, to: 5 },
      ]) {
        const [one, many] = [join(folder, "one.geojson"), join(folder, "many.geojson")];
        const plain = file.blocks(stretch.from, stretch.to);
        const expected = await writeQuPath(plain, { ...STYLE, stretch, path: one });
        const found = await writeQuPath(threads.texts(stretch), { ...STYLE, path: many });
        expect(found).toEqual(expected);
        expect(found.objects).toBe(stretch.to - stretch.from);
        expect(readFileSync(many).equals(readFileSync(one))).toBe(true);
      }
    } finally {
      await threads.close();
    }
    expect(said).toContain("text");
  });

  const READY = 'const { parentPort: port } = require("node:worker_threads");';
  it.each([
    ["dies", `${READY} setTimeout(() => process.exit(7), 20);`, "ended with status 7"],
    [
      "throws",
      `${READY} setTimeout(() => { throw new Error("out of depth"); }, 20);`,
      "out of dep",
    ],
    [
      "finds a damaged file",
      `${READY} port.postMessage({ kind: "error", error: { code: "corrupt-file", message: "block 3", fields: {} } });
       setTimeout(() => {}, 60_000);`,
      "block 3",
    ],
  ])("end in an error where a thread %s, and no file is left", async (_, code, words) => {
    const worker = new Worker(code, { eval: true });
    const gone = new Promise<void>((resolve) => {
      worker.on("message", () => resolve());
      worker.on("error", () => resolve());
      worker.on("exit", () => resolve());
    });
    const threads = new TextThreads(after(gone), STYLE, () => worker);
    const path = join(folder, "half.geojson");
    writeFileSync(path, "old");
    const stretch = { from: 0, to: file.count };
    const writing = writeQuPath(threads.texts(stretch), { ...STYLE, path });
    await expect(writing).rejects.toThrow(words);
    await threads.close();
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder).sort()).toEqual(["half.geojson", "nuclei.objects"]);
  });

  it("end in an error where another file was put in the place of the objects since", async () => {
    const { first, starting } = noticed(textThreadsOf(file)!);
    await writeObjects(streamOf(strewn(8999)), { path: file.path, about: ABOUT });
    const threads = new TextThreads(after(first), STYLE, starting);
    const path = join(folder, "mixed.geojson");
    const writing = writeQuPath(threads.texts({ from: 0, to: file.count }), { ...STYLE, path });
    await expect(writing).rejects.toMatchObject({
      code: "run-mismatch",
      message: expect.stringContaining("replaced"),
    });
    await threads.close();
    expect(readdirSync(folder)).toEqual(["nuclei.objects"]);
  });

  it("end early where the signal aborts, and so do objects without threads", async () => {
    const stop = new AbortController();
    stop.abort();
    const threads = new TextThreads(file, STYLE, textThreadsOf(file)!, stop.signal);
    const stretch = { from: 0, to: file.count };
    const path = join(folder, "half.geojson");
    const interrupted = { code: "interrupted" };
    const writing = writeQuPath(threads.texts(stretch), { ...STYLE, path });
    await expect(writing).rejects.toMatchObject(interrupted);
    await threads.close();
    const subject = { ...subjectOf([]), objects: stoppable(file, stop.signal) };
    await expect(QUPATH.write(subject, { path })).rejects.toMatchObject(interrupted);
    expect(readdirSync(folder)).toEqual(["nuclei.objects"]);
  });
});
