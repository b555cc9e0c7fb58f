import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClickPatch, ClickSegmenter } from "../../../src/segment/clicks/click-segmenter.ts";
import { keepPatch } from "../../../src/segment/clicks/kept-patch.ts";
import type { ContractName } from "../../../src/segment/model.ts";
import { pointPrompt } from "../../../src/segment/prompt.ts";
import type { RgbImage } from "../../../src/tiler/slide.ts";
import { job, paintToy, toySegmenter, toySettings, toySpec } from "../toy.ts";

const PICTURE = paintToy(64, 64, [
  { x: 21, y: 21, radius: 8, green: 200 },
  { x: 45, y: 43, radius: 7, green: 150 },
]);
const OTHER = paintToy(64, 64, [{ x: 21, y: 21, radius: 5, green: 90 }]);
const MEMORY = 2 ** 20;
const CLICK = pointPrompt({ x: 21, y: 21 });

let reads: string[] = [];

function patchOf(name: string, picture: RgbImage = PICTURE): ClickPatch {
  return {
    key: name.padStart(64, "0"),
    valid: { x: 0, y: 0, width: picture.width, height: picture.height },
    read: async () => {
      reads.push(name);
      return { ...picture, data: picture.data.slice() };
    },
  };
}

async function withClicks<R>(
  work: (clicks: ClickSegmenter) => Promise<R>,
  options: { contract?: ContractName; memoryBytes?: number; folder?: string } = {},
): Promise<R> {
  const { contract = "window", memoryBytes = MEMORY, folder } = options;
  const disk = folder === undefined ? null : { folder, bytes: 2 ** 24 };
  const clicks = await ClickSegmenter.open({
    model: toySpec(contract),
    threads: 2,
    memoryBytes,
    disk,
  });
  reads = [];
  try {
    return await work(clicks);
  } finally {
    await clicks.close();
  }
}

describe("a click", () => {
  it.each(["window", "sam-meta"] as const)("%s: answers what a run would", async (contract) => {
    await withClicks(
      async (clicks) => {
        const cold = await clicks.answer(patchOf("a"), CLICK);
        const warm = await clicks.answer(patchOf("a"), CLICK);
        expect([cold.warm, warm.warm]).toEqual([false, true]);
        expect(warm.masks).toEqual(cold.masks);
        expect(reads).toEqual(["a"]);
        const segmenter = await toySegmenter(toySettings(toySpec(contract)));
        const prompts = { kind: "given", prompts: [CLICK], masks: "all" } as const;
        const { masks } = await segmenter.segment(job(PICTURE, { prompts }));
        const byIou = [...masks].sort((a, b) => b.predictedIou - a.predictedIou);
        expect(cold.masks).toEqual(byIou);
        expect(byIou.length).toBe(contract === "window" ? 1 : 3);
      },
      { contract, memoryBytes: 2 ** 26 },
    );
  });

  it("on a patch that many click on at once encodes it once", async () => {
    await withClicks(async (clicks) => {
      const points = [CLICK, pointPrompt({ x: 45, y: 43 }), CLICK];
      const answers = await Promise.all(points.map((point) => clicks.answer(patchOf("a"), point)));
      expect(reads).toEqual(["a"]);
      expect(answers[0]!.masks).toEqual(answers[2]!.masks);
      expect(answers[0]!.masks[0]!.box).not.toEqual(answers[1]!.masks[0]!.box);
    });
  });

  it("is told apart by its patch, and forgets what is too much", async () => {
    const { data } = await withClicks(async () =>
      keepPatch("a", PICTURE, { scale: 1, tensors: {} }),
    );
    await withClicks(
      async (clicks) => {
        const a = await clicks.answer(patchOf("a"), CLICK);
        const b = await clicks.answer(patchOf("b", OTHER), CLICK);
        expect(b.masks[0]!.area).toBeLessThan(a.masks[0]!.area);
        // Room for one: the first has to be made again, and is the same.
        const again = await clicks.answer(patchOf("a"), CLICK);
        expect(again.warm).toBe(false);
        expect(again.masks).toEqual(a.masks);
        expect(reads).toEqual(["a", "b", "a"]);
      },
      { memoryBytes: data.length },
    );
  });

  it("refuses what the model does not take, and is none the worse", async () => {
    await withClicks(async (clicks) => {
      const beside = { points: [...CLICK.points, { x: 5, y: 5, label: 0 as const }] };
      await expect(clicks.answer(patchOf("a"), beside)).rejects.toMatchObject({ code: "usage" });
      expect(reads, "nothing was read for it").toEqual([]);
      expect((await clicks.answer(patchOf("a"), CLICK)).masks).toHaveLength(1);
    });
  });

  it("passes on what reading throws, and reads again", async () => {
    await withClicks(async (clicks) => {
      const broken = { ...patchOf("a"), read: () => Promise.reject(new Error("no such tile")) };
      await expect(clicks.answer(broken, CLICK)).rejects.toThrow("no such tile");
      expect((await clicks.answer(patchOf("a"), CLICK)).warm).toBe(false);
    });
  });

  it("that is given up stops reading", async () => {
    await withClicks(async (clicks) => {
      const gone = new AbortController();
      let told = false;
      const slow: ClickPatch = {
        ...patchOf("a"),
        read: (signal) =>
          new Promise((_, reject) => {
            signal.addEventListener("abort", () => {
              told = true;
              reject(new Error("stopped"));
            });
            gone.abort();
          }),
      };
      const asked = clicks.answer(slow, CLICK, gone.signal);
      await expect(asked).rejects.toMatchObject({ code: "interrupted" });
      expect(told).toBe(true);
      expect((await clicks.answer(patchOf("b"), CLICK)).masks).toHaveLength(1);
    });
  });

  it("on a patch that was prepared finds it encoded", async () => {
    await withClicks(async (clicks) => {
      expect(await clicks.prepare(patchOf("a"))).toBe(false);
      expect(await clicks.prepare(patchOf("a"))).toBe(true);
      expect((await clicks.answer(patchOf("a"), CLICK)).warm).toBe(true);
      expect(reads).toEqual(["a"]);
    });
  });

  it("of a model that cannot be opened fails as opening does", async () => {
    const model = toySpec("window", "make-models.py");
    const opening = ClickSegmenter.open({ model, threads: 1, memoryBytes: MEMORY, disk: null });
    await expect(opening).rejects.toMatchObject({ code: "model-contract" });
  });
});

describe("a folder of kept patches", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "microtome-clicks-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const written = async () => {
    for (let i = 0; i < 500; i++) {
      const names = await readdir(folder);
      if (names.some((name) => name.endsWith(".mtpatch"))) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error("nothing was written");
  };

  it("answers without the slide after a start, and is made anew where it is of no use", async () => {
    const first = await withClicks(
      async (clicks) => {
        const answer = await clicks.answer(patchOf("a"), CLICK);
        await written();
        return answer;
      },
      { folder },
    );
    await withClicks(
      async (clicks) => {
        const again = await clicks.answer(patchOf("a"), CLICK);
        expect(again.warm).toBe(true);
        expect(again.masks).toEqual(first.masks);
        expect(reads).toEqual([]);
      },
      { folder },
    );
    // Whole, of the right key, and nothing that a decoder takes.
    const data = Float32Array.of(1);
    const tensor = { dims: [1], data };
    const tensors = { embedding: tensor, features: tensor, objectness: tensor };
    const made = keepPatch(patchOf("a").key, PICTURE, { scale: 1, tensors });
    await writeFile(join(folder, `${patchOf("a").key}.mtpatch`), made.data);
    await withClicks(
      async (clicks) => {
        // Found, and so in memory by the time that it is asked.
        expect(await clicks.prepare(patchOf("a"))).toBe(true);
        const again = await clicks.answer(patchOf("a"), CLICK);
        expect(again.warm).toBe(false);
        expect(again.masks).toEqual(first.masks);
      },
      { folder },
    );
  });
});
