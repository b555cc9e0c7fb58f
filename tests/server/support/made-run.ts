import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { fingerprintFiles } from "../../../src/store/fingerprint.ts";
import type { RunRecord } from "../../../src/store/run-record.ts";
import { slideFiles } from "../../../src/tiler/slide-files.ts";

/** A slide of 1500 × 1100 px: not whole tiles, and its levels are not exact halves. */
export const SLIDE_SIZE = { width: 1500, height: 1100 };
/** µm per level-0 px. */
export const SLIDE_MPP = 0.25;

/** A feature as the tests write and compare it. */
export interface MadeFeature {
  readonly type: "Feature";
  readonly id: string;
  readonly geometry: { readonly type: "Polygon"; readonly coordinates: number[][][] };
  readonly properties: {
    readonly objectType: "detection";
    readonly classification: { readonly name: string; readonly color: readonly number[] };
    readonly measurements: Readonly<Record<string, number>>;
  };
}

/** Writes a pyramidal tiled JPEG TIFF that is pale, with a dark disc for each feature's box. */
export async function writeSlide(path: string, features: readonly MadeFeature[]): Promise<void> {
  const { width, height } = SLIDE_SIZE;
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      const grain = ((x * 7919 + y * 104729) % 17) - 8;
      pixels[at] = 232 + grain;
      pixels[at + 1] = 200 + grain;
      pixels[at + 2] = 220 + grain;
    }
  }
  for (const { geometry } of features) {
    const xs = geometry.coordinates[0]!.map((point) => point[0]!);
    const ys = geometry.coordinates[0]!.map((point) => point[1]!);
    const [cx, rx] = middle(xs);
    const [cy, ry] = middle(ys);
    for (let y = Math.max(0, Math.floor(cy - ry)); y < Math.min(height, cy + ry); y++) {
      for (let x = Math.max(0, Math.floor(cx - rx)); x < Math.min(width, cx + rx); x++) {
        if (((x + 0.5 - cx) / rx) ** 2 + ((y + 0.5 - cy) / ry) ** 2 > 1) continue;
        pixels.set([96, 62, 140], 3 * (y * width + x));
      }
    }
  }
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .tiff({
      compression: "jpeg",
      quality: 90,
      tile: true,
      tileWidth: 256,
      tileHeight: 256,
      pyramid: true,
      resolutionUnit: "cm",
      xres: 1000 / SLIDE_MPP,
      yres: 1000 / SLIDE_MPP,
    })
    .toFile(path);
}

function middle(values: readonly number[]): readonly [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [(low + high) / 2, (high - low) / 2];
}

/** Ellipses of two classes on a jittered lattice, the same on every call. */
export function madeFeatures(count = 120): MadeFeature[] {
  const features: MadeFeature[] = [];
  const columns = 12;
  for (let i = 0; i < count; i++) {
    const cx = 70 + (i % columns) * 120 + ((i * 37) % 23);
    const cy = 60 + Math.floor(i / columns) * 108 + ((i * 53) % 19);
    const [rx, ry] = [18 + ((i * 11) % 13), 14 + ((i * 7) % 11)];
    const ring: number[][] = [];
    for (let k = 0; k < 24; k++) {
      const angle = (2 * Math.PI * k) / 24;
      ring.push([round(cx + rx * Math.cos(angle)), round(cy + ry * Math.sin(angle))]);
    }
    ring.push(ring[0]!);
    features.push({
      type: "Feature",
      id: uuid(i),
      geometry: { type: "Polygon", coordinates: [ring] },
      properties: {
        objectType: "detection",
        classification:
          i % 3 === 0
            ? { name: "Lymphocyte", color: [40, 150, 220] }
            : { name: "Nucleus", color: [20, 170, 90] },
        measurements: {
          "Area µm^2": round(Math.PI * rx * ry * SLIDE_MPP ** 2),
          "Predicted IoU": round(0.5 + ((i * 29) % 50) / 100),
        },
      },
    });
  }
  return features;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function uuid(i: number): string {
  const hex = createHash("sha1").update(String(i)).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Writes a run directory as `segment` leaves it. */
export async function writeRun(
  folder: string,
  slidePath: string,
  features: readonly unknown[],
  changes: Partial<RunRecord> = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { bytes, sha256 } = await fingerprintFiles(await slideFiles(slidePath));
  const record: RunRecord = {
    format: 1,
    state: "done",
    researchUseOnly: "for research use only",
    software: { name: "microtome", version: "0.1.0" },
    key: "0".repeat(64),
    task: "nuclei",
    slide: {
      name: basename(slidePath),
      path: slidePath,
      bytes,
      fingerprint: sha256,
      vendor: "generic-tiff",
      ...SLIDE_SIZE,
    },
    mpp: {
      slide: SLIDE_MPP,
      source: "tiff-resolution",
      used: SLIDE_MPP,
      level: 0,
      upsampled: false,
    },
    model: {
      name: "made-for-tests",
      version: "1",
      contract: "window",
      sha256: "ab12cd34ef56".padEnd(64, "0"),
      licence: "Apache-2.0",
    },
    parameters: {
      task: "nuclei",
      slideMpp: SLIDE_MPP,
      mpp: SLIDE_MPP,
      level: 0,
      resample: 1,
      backend: "native",
      icc: null,
      tissue: "cells-2",
      stainNormalise: "none",
      patchSize: 512,
      overlap: 64,
      region: null,
      prompts: "auto",
      auto: null,
      grid: {
        pointsPerSide: 32,
        predictedIouThreshold: 0.88,
        stabilityScoreThreshold: 0.95,
        stabilityScoreOffset: 1,
        maskThreshold: 0,
        nmsIou: 0.7,
      },
      minAreaUm2: 5,
      maxAreaUm2: null,
    },
    patches: { planned: 12, skipped: 3, done: 9, failed: 0 },
    counts: { objects: features.length, masks: features.length, prompts: 200 },
    stain: null,
    areaMm2: 0.103,
    tissue: {
      method: "cells-2",
      thresholdOd: 0.045,
      cellUm: 8,
      slideMm2: 0.103,
      inkMm2: 0,
      glass: null,
    },
    seams: {},
    seconds: { plan: 0.2, segment: 4.1, merge: 0.3, write: 0.1 },
    failures: [],
    files: ["nuclei.geojson.gz"],
    ...changes,
  };
  const collection = JSON.stringify({ type: "FeatureCollection", features });
  await writeFile(join(folder, `${record.task}.geojson.gz`), gzipSync(collection));
  await writeFile(join(folder, "run.json"), `${JSON.stringify(record, null, 2)}\n`);
}
