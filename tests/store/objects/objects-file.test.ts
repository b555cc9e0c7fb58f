import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MicrotomeError } from "../../../src/errors.ts";
import { FeatureBytes } from "../../../src/export/feature-bytes.ts";
import { TextBytes } from "../../../src/export/text-bytes.ts";
import type { Instance } from "../../../src/merge/instance.ts";
import { Outline } from "../../../src/outline.ts";
import { BlockGeometry, BlockNames, BlockTable } from "../../../src/store/objects/block-parts.ts";
import { ObjectsFile } from "../../../src/store/objects/objects-file.ts";
import { writeObjects } from "../../../src/store/objects/write-objects.ts";
import { featureText } from "../../export/feature-text.ts";
import { NUCLEI, squareInstance, streamOf } from "../../export/objects.ts";
import { ABOUT, anyInstance, asKept, collect, sourceOf } from "./some-objects.ts";

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "microtome-objects-"));
  path = join(folder, "nuclei.objects");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written<T>(
  instances: readonly Instance[],
  look: (file: ObjectsFile) => Promise<T>,
): Promise<T> {
  await writeObjects(streamOf(instances), { path, about: ABOUT });
  const file = await ObjectsFile.open(path);
  try {
    return await look(file);
  } finally {
    await file.close();
  }
}

const ORIGIN = { x: 1000.25, y: 40 };

/** The features of a file as they are written without an Instance of each. */
async function textOfBlocks(file: ObjectsFile, origin?: typeof ORIGIN): Promise<string> {
  const features = new FeatureBytes({ task: NUCLEI, ...(origin ? { origin } : {}) });
  const out = new TextBytes(16);
  for await (const block of file.blocks()) {
    for (let i = 0; i < block.count; i++) features.appendFrom(block, i, out);
  }
  return out.bytes.toString("utf8", 0, out.length);
}

/** Some hundred squares with holes in a grid of many blocks. */
function grid(count: number, columns: number): Instance[] {
  return Array.from({ length: count }, (_, n) => {
    const [x, y] = [(n % columns) * 20.25, Math.floor(n / columns) * 20.25];
    return squareInstance(n, {
      polygon: {
        outer: [x, y, x + 10, y, x + 10, y + 10, x, y + 10],
        holes: n % 3 === 0 ? [[x + 2, y + 2, x + 2, y + 4, x + 4, y + 4]] : [],
      },
      centroid: { x: x + 6, y: y + 6 },
      ...(n % 2 === 0 ? { classification: `Class ${n % 4}` } : {}),
    });
  });
}

describe("an objects file", () => {
  it("gives the blocks between any two positions, and says where they can be cut", async () => {
    await written(grid(1500, 40), async (file) => {
      const ids = (await collect(file.all())).map(({ id }) => id);
      const cuts = file.cuts(30_000);
      expect([cuts[0], cuts.at(-1)]).toEqual([0, 1500]);
      expect(cuts.length).toBeGreaterThan(2);
      for (const [from, to] of [
        [0, 1500],
        [0, 0],
        [255, 257],
        [700, 1500],
        [cuts[1]!, cuts[2]!],
      ]) {
        const blocks = await collect(file.blocks(from, to));
        const found = blocks.flatMap((block) =>
          Array.from({ length: block.count }, (_, i) => [block.first + i, block.id(i)] as const),
        );
        const inside = found.filter(([at]) => at >= from! && at < to!).map(([, id]) => id);
        expect(inside).toEqual(ids.slice(from, to));
        // Whole blocks, and none beside.
        expect(found.length).toBeLessThan(to! - from! + 512);
      }
    });
  });

  it("gives back every object as GeoJSON would print it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyInstance(), { maxLength: 12 }), async (instances) => {
        await written(instances, async (file) => {
          const read = await collect(file.all());
          expect(read).toEqual(instances.map(asKept));
          const text = (all: readonly Instance[]) => all.map((one) => featureText(one, NUCLEI));
          expect(text(read)).toEqual(text(instances));
          expect(await textOfBlocks(file)).toBe(text(instances).join(""));
          expect(await textOfBlocks(file, ORIGIN)).toBe(
            instances.map((one) => featureText(one, NUCLEI, ORIGIN)).join(""),
          );
          expect(file.count).toBe(instances.length);
          for (const [i, instance] of read.entries()) expect(await file.at(i)).toEqual(instance);
          expect(await file.at(instances.length)).toBeNull();
        });
      }),
      { numRuns: 150 },
    );
  });

  it("finds what a search through all objects finds, whatever the order they came in", async () => {
    const side = fc.integer({ min: 0, max: 60_000 }).map((n) => n / 100);
    const corner = fc.integer({ min: -5_000, max: 40_000 }).map((n) => n / 100);
    const instances = grid(1500, 30).map(asKept);
    const scattered = instances.map((_, i) => instances[(i * 911) % instances.length]!);
    for (const order of [instances, scattered]) {
      await written(order, async (file) => {
        await fc.assert(
          fc.asyncProperty(corner, corner, side, side, async (x, y, width, height) => {
            const box = { x, y, width, height };
            expect(await collect(file.within(box))).toEqual(
              await collect(sourceOf(order).within(box)),
            );
          }),
          { numRuns: 40 },
        );
        expect(file.extent).toEqual({
          x: 0,
          y: 0,
          width: 29 * 20.25 + 10,
          height: 49 * 20.25 + 10,
        });
      });
    }
  });

  it("has the measurements without the outlines, and says how they lie", async () => {
    const instances = grid(700, 20).map((instance, n) => ({
      ...instance,
      areaUm2: n / 8,
      hematoxylinOd: n % 7 === 0 ? Number.NaN : n / 1000,
    }));
    await written(instances, async (file) => {
      expect([...(await file.column(0))]).toEqual(instances.map(({ areaUm2 }) => areaUm2));
      expect([...(await file.column(5))]).toEqual(instances.map((i) => i.hematoxylinOd));
      expect(file.summary.measurements[0]).toEqual({
        min: 0,
        max: 87.375,
        low: 1.75,
        high: 85.625,
      });
      expect(file.summary.classes).toEqual([
        { name: null, objects: 350 },
        { name: "Class 0", objects: 175 },
        { name: "Class 2", objects: 175 },
      ]);
      expect(file.about).toEqual(ABOUT);
      const firsts = (await collect(file.tables())).map(({ first }) => first);
      expect(firsts).toEqual([0, 256, 512]);
    });
  });

  it("holds no objects, and gives the same bytes for the same objects", async () => {
    await written([], async (file) => {
      expect([file.count, file.extent, await collect(file.all())]).toEqual([0, null, []]);
      expect(await collect(file.within({ x: 0, y: 0, width: 9, height: 9 }))).toEqual([]);
      expect(await file.at(0)).toBeNull();
    });
    const bytes: Buffer[] = [];
    for (let i = 0; i < 2; i++) {
      const { byClass } = await writeObjects(streamOf(grid(300, 9)), { path, about: ABOUT });
      expect(byClass).toEqual({ Nucleus: 150, "Class 0": 75, "Class 2": 75 });
      bytes.push(await readFile(path));
    }
    expect(bytes[0]!.equals(bytes[1]!)).toBe(true);
  });

  it("takes as many classes as its reader, and refuses more", async () => {
    async function* classed(names: number, length: number): AsyncGenerator<Instance, void, void> {
      for (let n = 0; n < names; n++) {
        yield squareInstance(n, { classification: `${n}`.padEnd(length, "x") });
      }
    }
    await writeObjects(classed(16, 1_000_000), { path, about: ABOUT });
    const file = await ObjectsFile.open(path);
    expect(file.summary.classes).toHaveLength(17);
    await file.close();
    await expect(
      writeObjects(classed(17, 1_000_000), { path: join(folder, "many"), about: ABOUT }),
    ).rejects.toMatchObject({ code: "corrupt-file", message: expect.stringContaining("classes") });
  });

  it("says how to come by a whole one: a run's own, and corrections", async () => {
    const corrected = join(folder, "nuclei.corrected-01234567.objects");
    for (const [name, advice] of [
      [path, "merge the run again"],
      [corrected, "import the corrections again"],
    ] as const) {
      await writeFile(name, "not one");
      await expect(ObjectsFile.open(name)).rejects.toMatchObject({
        code: "corrupt-file",
        message: expect.stringContaining(advice),
      });
    }
  });

  it("leaves nothing under its name or beside it when it cannot be finished", async () => {
    const own = await mkdtemp(join(folder, "own-"));
    async function* failing(): AsyncGenerator<Instance, void, void> {
      yield squareInstance(1);
      throw new Error("no more");
    }
    const about = ABOUT;
    const target = join(own, "a.objects");
    await expect(writeObjects(failing(), { path: target, about })).rejects.toThrow("no more");
    const line = squareInstance(1, { polygon: { outer: [0, 0, 1, 1], holes: [] } });
    await expect(writeObjects(streamOf([line]), { path: target, about })).rejects.toThrow(
      "found a ring of 4 numbers",
    );
    expect(await readdir(own)).toEqual([]);
    const nowhere = join(own, "none", "a.objects");
    await expect(writeObjects(streamOf([]), { path: nowhere, about })).rejects.toMatchObject({
      code: "output-unwritable",
    });
  });
});

/** Reads everything there is in a file, or the code of the error it ends in. */
async function everything(): Promise<readonly Instance[] | string> {
  let file: ObjectsFile | undefined;
  try {
    file = await ObjectsFile.open(path);
    const all = await collect(file.all());
    await file.column(0);
    await collect(file.within(file.extent ?? { x: 0, y: 0, width: 1, height: 1 }));
    return all;
  } catch (error) {
    if (!(error instanceof MicrotomeError)) throw error;
    expect(error.message).toContain(path);
    return error.code;
  } finally {
    await file?.close();
  }
}

describe("a damaged objects file", () => {
  it("is found wherever it is cut and whichever byte is changed", async () => {
    const instances = [squareInstance(0), squareInstance(1, { classification: "Stromal" })];
    await writeObjects(streamOf(instances), { path, about: ABOUT });
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      expect(await everything(), `cut at ${length}`).toBe("corrupt-file");
    }
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 1 << (at % 8);
      await writeFile(path, changed);
      expect(await everything(), `byte ${at}`).toBe("corrupt-file");
    }
    await writeFile(path, Buffer.concat([whole, Buffer.from("more")]));
    expect(await everything()).toBe("corrupt-file");
  });

  it("says which block and which part it is", async () => {
    await writeObjects(streamOf(grid(600, 20)), { path, about: ABOUT });
    const whole = await readFile(path);
    // Somewhere in the third block: its geometry is the last thing before the directory.
    const offset = Number(whole.readBigInt64LE(whole.length - 48));
    whole[offset - 5]! ^= 0x40;
    await writeFile(path, whole);
    const file = await ObjectsFile.open(path);
    expect((await collect(file.within({ x: 0, y: 0, width: 300, height: 50 }))).length).toBe(45);
    await expect(collect(file.all())).rejects.toThrow(
      /nuclei\.objects: found block 2 \(objects 512 to 599\), geometry: another CRC-32/,
    );
    await file.close();
  });

  it("is told from other files and other versions", async () => {
    const cases: readonly (readonly [Buffer, string])[] = [
      [Buffer.alloc(0), "found 0 bytes"],
      [Buffer.alloc(500, "{}"), "first bytes 7b7d7b7d7b7d7b7d; expected 8f4d544f420d0a1a"],
    ];
    for (const [bytes, message] of cases) {
      await writeFile(path, bytes);
      await expect(ObjectsFile.open(path)).rejects.toThrow(message);
    }
    await writeObjects(streamOf(grid(3, 3)), { path, about: ABOUT });
    const later = await readFile(path);
    later.writeUInt32LE(2, 8);
    await writeFile(path, later);
    await expect(ObjectsFile.open(path)).rejects.toThrow("format version 2; expected 1");
    await expect(ObjectsFile.open(join(folder, "none"))).rejects.toMatchObject({
      code: "input-not-found",
    });
  });

  it("whose CRCs were made to fit ends in the same error, or in other objects", async () => {
    await writeObjects(streamOf(grid(40, 8)), { path, about: ABOUT });
    const whole = await readFile(path);
    const offset = Number(whole.readBigInt64LE(whole.length - 48));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const forged = Buffer.from(whole);
          for (const [at, value] of changes) forged[20 + (at % (whole.length - 28))] = value;
          mend(forged, offset);
          await writeFile(path, forged);
          const read = await everything();
          if (typeof read === "string") expect(read).toBe("corrupt-file");
        },
      ),
      { numRuns: 200 },
    );
  });

  it("cannot make its parts ask for more than they have", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.integer({ min: 1, max: 4096 }),
        (bytes, n) => {
          const refuse = (found: string): never => {
            throw new MicrotomeError("corrupt-file", found);
          };
          const attempts = [
            () => new BlockTable(bytes, 0, n, 2, refuse).measurement(0, n - 1),
            () => new BlockNames(bytes, n, refuse).patches(n - 1),
            () => new BlockGeometry(bytes, n, refuse).outline(n - 1, 0, 0, new Outline()),
          ];
          for (const attempt of attempts) {
            try {
              attempt();
            } catch (error) {
              expect(error).toBeInstanceOf(MicrotomeError);
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

/** Writes the CRCs that a changed file of one block would have. */
function mend(file: Buffer, offset: number): void {
  const head = Math.min(file.readUInt32LE(12), file.length - 20);
  file.writeUInt32LE(crc32(file.subarray(20, 20 + head)), 16);
  let at = 20 + head;
  for (const entry of [offset + 4, offset + 12, offset + 20]) {
    const length = file.readUInt32LE(entry);
    file.writeUInt32LE(crc32(file.subarray(at, at + length)), entry + 4);
    at += length;
  }
  const tail = file.length - 48;
  at = offset;
  for (const part of [tail + 16, tail + 24, tail + 32]) {
    const length = file.readUInt32LE(part);
    file.writeUInt32LE(crc32(file.subarray(at, at + length)), part + 4);
    at += length;
  }
  file.writeUInt32LE(crc32(file.subarray(tail, tail + 40)), tail + 40);
}
