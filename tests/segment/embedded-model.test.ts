import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { PatchMask } from "../../src/segment/mask.ts";
import type { ModelSpec } from "../../src/segment/model.ts";
import { openModel } from "../../src/segment/open-model.ts";
import { pointPrompt } from "../../src/segment/prompt.ts";
import { boxBatch, pointBatch } from "../../src/segment/prompt-batch.ts";
import { mapPeaks } from "../../src/segment/prompts.ts";
import { defaultModelFor, listModels, loadModel } from "../../src/segment/registry.ts";
import { paintRle } from "../../src/segment/rle.ts";
import { unclaimed } from "../../src/segment/second-look.ts";
import { PatchSegmenter } from "../../src/segment/segment-patch.ts";
import type { RgbImage } from "../../src/tiler/slide.ts";
import { DATA, hasData } from "../shared-data.ts";
import { job } from "./toy.ts";

const PARITY = fileURLToPath(new URL("../../models/parity/", import.meta.url));
const NUCLEI = join(DATA, "test/nuclei-monuseg-train13");

/** What models/parity holds: answers of the reference implementation in Python to the same ONNX files. */
interface Parity {
  readonly encoderSha256: string;
  readonly decoderSha256: string;
  readonly onnx: Answers;
  /** The model as it was trained, before int8. */
  readonly pytorchFloat32: Answers;
}
interface Answers {
  readonly denseSamples: {
    readonly rows: readonly (readonly [number, number, number, number])[];
  };
  readonly peaks: readonly (readonly [number, number])[];
  /** Peaks of what the foreground leaves where no mask claims anything. */
  readonly foregroundPeaks: readonly (readonly [number, number])[];
  readonly points: readonly Decoded[];
  readonly boxes: readonly Decoded[];
  readonly classLogits: readonly (readonly number[])[];
  readonly automatic: {
    readonly objects: number;
    readonly foregroundPx: number;
    /** Prompts of the second look. */
    readonly secondLook: number;
  };
}
interface Decoded {
  readonly point: readonly [number, number];
  readonly box: readonly [number, number, number, number] | null;
  readonly origin: readonly [number, number];
  readonly iou: number;
  readonly area: number;
  readonly logitsRow: number;
  readonly logitsFromColumn: number;
  readonly logits: readonly number[];
}

const read = async (path: string): Promise<RgbImage> => {
  const { data, info } = await sharp(path)
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), width: info.width, height: info.height };
};

const settingsOf = (model: ModelSpec) => ({
  model,
  auto: model.auto,
  grid: model.grid,
  mpp: model.mpp ?? 1,
  minAreaUm2: 0,
  maxAreaUm2: null,
  stain: null,
});

const segmenterOf = async (model: ModelSpec) =>
  new PatchSegmenter(await openModel(model), settingsOf(model));

const covered = (masks: readonly PatchMask[], width: number, height: number): Uint8Array => {
  const data = new Uint8Array(width * height);
  for (const mask of masks) paintRle(mask, data, { x: 0, y: 0, width, height });
  return data;
};

describe("the package's own models", async () => {
  const names = await listModels();

  it("serve the nuclei task", async () => {
    expect(names).toContain(await defaultModelFor("nuclei"));
  });

  it.each(names)("%s is whole, follows its contract and is for research use only", async (name) => {
    const model = await loadModel(name);
    expect(model.researchUseOnly).toBe(true);
    const adapter = await openModel(model);
    expect(adapter.hasObjectness).toBe(model.auto !== null);
    await adapter.release();
  });

  // The decoder may copy whole runs of cells: a side that is a multiple of the stated stride must be enough.
  it.each(names)("%s decodes the same wherever the patch ends", async (name) => {
    const model = await loadModel(name);
    const adapter = await openModel(model);
    const side = Math.ceil(600 / model.input.stride) * model.input.stride;
    const answers = [];
    for (const extra of [0, 1, 2, 3]) {
      const width = side + extra * model.input.stride;
      const data = new Uint8Array(width * side * 3).fill(230);
      for (let y = 0; y < side; y++) {
        for (let x = 0; x < width; x++) {
          if ((x - 300) ** 2 + (y - 300) ** 2 < 15 ** 2)
            data.set([90, 60, 140], (y * width + x) * 3);
        }
      }
      const encoded = await adapter.encode({ data, width, height: side });
      const decoded = await encoded.decode(pointBatch([{ x: 300, y: 300 }]));
      answers.push({ logits: decoded.logits(0, 0).slice(), iou: decoded.predictedIou(0, 0) });
    }
    for (const { logits, iou } of answers.slice(1)) {
      expect(iou).toBeCloseTo(answers[0]!.iou, 2);
      const centre = logits.length / 2 + Math.sqrt(logits.length) / 2;
      expect(Math.abs(logits[centre]! - answers[0]!.logits[centre]!)).toBeLessThan(0.5);
    }
    await adapter.release();
  });

  const withParity = names.filter((name) => existsSync(join(PARITY, `${name}.json`)));
  // int8 kernels differ a little between processors: the bounds leave room for that, not for another frame.
  describe.each(withParity)("%s against its reference in Python", async (name) => {
    const parity = JSON.parse(await readFile(join(PARITY, `${name}.json`), "utf8")) as Parity;
    const image = await read(join(PARITY, `${name}.png`));
    const model = await loadModel(name);

    it("is of these files", () => {
      expect(model.files.encoder.sha256).toBe(parity.encoderSha256);
      expect(model.files.decoder.sha256).toBe(parity.decoderSha256);
    });

    const second = model.auto?.secondLookForeground;

    it("objectness and foreground", async () => {
      const adapter = await openModel(model);
      const { objectness, foreground } = await adapter.encode(image);
      expect(foreground === undefined).toBe(second === undefined);
      for (const [row, column, object, fore] of parity.onnx.denseSamples.rows) {
        const at = row * objectness!.columns + column;
        expect(objectness!.data[at]).toBeCloseTo(object, 1);
        if (foreground) expect(foreground.data[at]).toBeCloseTo(fore, 1);
      }
      await adapter.release();
    });

    it.skipIf(second === undefined)(
      "where a second look would ask if no mask claimed anything",
      async () => {
        const adapter = await openModel(model);
        const { foreground } = await adapter.encode(image);
        const { peakRadiusPx } = model.auto!;
        const whole = { x: 0, y: 0, width: image.width, height: image.height };
        const left = unclaimed(foreground!, [], second!, whole);
        const region = { patch: image, allow: null, valid: whole };
        const points = mapPeaks(left, second!, peakRadiusPx, region);
        const expected = parity.onnx.foregroundPeaks;
        expect(expected.length).toBeGreaterThan(0);
        expect(Math.abs(points.length - expected.length)).toBeLessThanOrEqual(
          0.1 * expected.length,
        );
        const near = expected.filter(([x, y]) =>
          points.some((p) => Math.hypot(p.x - x, p.y - y) <= peakRadiusPx),
        );
        expect(near.length).toBeGreaterThanOrEqual(0.9 * expected.length);
        await adapter.release();
      },
    );

    it.each(["points", "boxes"] as const)("%s: origins, logits, predicted IoU", async (kind) => {
      const adapter = await openModel(model);
      const encoded = await adapter.encode(image);
      const expected = parity.onnx[kind];
      expect(expected.length).toBeGreaterThan(0);
      const decoded = await encoded.decode(
        kind === "points"
          ? pointBatch(expected.map(({ point: [x, y] }) => ({ x, y })))
          : {
              ...boxBatch([]),
              count: expected.length,
              xyxy: Float32Array.from(expected.flatMap((e) => e.box!)),
            },
      );
      expected.forEach((e, p) => {
        expect(decoded.origin(p)).toEqual({ x: e.origin[0], y: e.origin[1] });
        expect(Math.abs(decoded.predictedIou(p, 0) - e.iou)).toBeLessThan(0.05);
        const from = e.logitsRow * decoded.grid.columns + e.logitsFromColumn;
        const off = e.logits.map((v, i) => Math.abs(decoded.logits(p, 0)[from + i]! - v));
        expect(off.reduce((a, b) => a + b, 0) / off.length).toBeLessThan(0.5);
      });
      await adapter.release();
    });

    if (model.classes !== null) {
      it("classes: the name of the likeliest where it is sure, of a mask that is not doubtful", async () => {
        const adapter = await openModel(model);
        const encoded = await adapter.encode(image);
        const asked = parity.onnx.points;
        const decoded = await encoded.decode(
          pointBatch(asked.map(({ point: [x, y] }) => ({ x, y }))),
        );
        const { names, threshold } = model.classes!;
        const sure = parity.onnx.classLogits.map((logits) => {
          const sum = logits.reduce((a, v) => a + Math.exp(v), 0);
          const best = Math.max(...logits);
          return { p: Math.exp(best) / sum, name: names[logits.indexOf(best)]! };
        });
        expect(sure).toHaveLength(asked.length);
        // Near either threshold another processor's int8 may fall on the other side.
        const least = model.auto!.predictedIouThreshold;
        const clear = sure.flatMap(({ p, name }, i) => {
          const { iou } = asked[i]!;
          if (Math.abs(p - threshold) < 0.1 || Math.abs(iou - least) < 0.05) return [];
          return [[i, p > threshold && iou > least ? name : null] as const];
        });
        expect(clear.some(([, name]) => name !== null)).toBe(true);
        expect(clear.some(([i, name]) => name === null && sure[i]!.p > threshold)).toBe(true);
        for (const [i, name] of clear) expect(decoded.classification!(i)).toBe(name);
        await adapter.release();
      });
    }

    it("int8 finds what float32 finds", async () => {
      const segmenter = await segmenterOf(model);
      const { objects, foregroundPx } = parity.pytorchFloat32.automatic;
      const { masks } = await segmenter.segment(job(image));
      expect(Math.abs(masks.length - objects)).toBeLessThanOrEqual(0.1 * objects + 1);
      const pixels = covered(masks, image.width, image.height).reduce((a, b) => a + b, 0);
      expect(Math.abs(pixels - foregroundPx)).toBeLessThanOrEqual(0.1 * foregroundPx);
      for (const [i, e] of parity.onnx.points.entries()) {
        expect(Math.abs(e.iou - parity.pytorchFloat32.points[i]!.iou)).toBeLessThan(0.15);
      }
    });

    it("given prompts: areas", async () => {
      const segmenter = await segmenterOf(model);
      const asked = parity.onnx.points;
      const prompts = asked.map(({ point: [x, y] }) => pointPrompt({ x, y }));
      const { masks } = await segmenter.segment(
        job(image, { prompts: { kind: "given", prompts } }),
      );
      const areas = asked.map((_, i) => masks.find((m) => m.prompt === i)?.area ?? 0);
      // Largest part only, and small holes filled: close to, not equal to, the whole mask.
      const close = asked.filter((e, i) => Math.abs(areas[i]! - e.area) <= 0.1 * e.area + 20);
      expect(close.length).toBeGreaterThanOrEqual(asked.length - 2);
    });

    it("automatic mode: as many objects on as many pixels", async () => {
      const segmenter = await segmenterOf(model);
      const { masks, prompts } = await segmenter.segment(job(image));
      const { objects, foregroundPx } = parity.onnx.automatic;
      const expected = parity.onnx.peaks.length + parity.onnx.automatic.secondLook;
      expect(Math.abs(prompts - expected)).toBeLessThanOrEqual(0.05 * expected);
      expect(Math.abs(masks.length - objects)).toBeLessThanOrEqual(0.05 * objects);
      const pixels = covered(masks, image.width, image.height).reduce((a, b) => a + b, 0);
      expect(Math.abs(pixels - foregroundPx)).toBeLessThanOrEqual(0.05 * foregroundPx);
    });
  });
});

describe("nuclei of a real image", () => {
  const present = hasData("test/nuclei-monuseg-train13");

  it.skipIf(!present)("cover most of what pathologists outlined", async () => {
    const [, first] = (await readFile(join(NUCLEI, "index.tsv"), "utf8")).split("\n");
    const [imageName, labelName] = first!.split("\t") as [string, string];
    const box = { left: 100, top: 100, width: 512, height: 512 };
    const crop = async (path: string, channels: boolean) => {
      const picture = sharp(join(NUCLEI, path)).extract(box);
      const raw = channels
        ? picture.removeAlpha().raw()
        : picture.toColourspace("grey16").raw({ depth: "ushort" });
      const { buffer, byteOffset, byteLength } = await raw.toBuffer();
      return new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
    };
    const image = { data: await crop(imageName, true), width: 512, height: 512 };
    const labels = new Uint16Array((await crop(labelName, false)).buffer);
    const segmenter = await segmenterOf(await loadModel(await defaultModelFor("nuclei")));
    const { masks } = await segmenter.segment(job(image));
    const found = covered(masks, 512, 512);
    let [both, all] = [0, 0];
    labels.forEach((label, i) => {
      both += label > 0 && found[i] === 1 ? 1 : 0;
      all += (label > 0 ? 1 : 0) + found[i]!;
    });
    expect((2 * both) / all).toBeGreaterThan(0.6);
    const objects = new Set(labels).size - 1;
    expect(masks.length).toBeGreaterThan(0.5 * objects);
    expect(masks.length).toBeLessThan(2 * objects);
    // Nuclei hold more hematoxylin than the rest of the tissue.
    const mean = masks.reduce((a, m) => a + m.hematoxylinOd, 0) / masks.length;
    expect(mean).toBeGreaterThan(0.1);
  });
});
