import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Polygon, Size } from "../../../src/geometry.ts";
import { memorySource } from "../memory-source.ts";
import { squareInstance } from "../objects.ts";

interface Golden {
  readonly downsample: number;
  readonly slide: Size;
  readonly size: Size;
  readonly polygons: readonly Polygon[];
  /** label, pixels, label, pixels, … along the rows. */
  readonly runs: readonly number[];
}

const path = join(import.meta.dirname, "../../cases/labels/goldens.json");

/** Outlines and their labels by GEOS and scikit-image: tests/cases/labels/make-goldens.py. */
export const golden: Golden = JSON.parse(readFileSync(path, "utf8"));

/** µm/px at which the golden's grid has its downsample. */
export const goldenSlide = { size: golden.slide, mpp: 0.25 };
export const goldenMpp = 0.25 * golden.downsample;

export const goldenSource = memorySource(
  golden.polygons.map((polygon, n) =>
    squareInstance(n, { polygon, ...(n % 3 === 0 ? { classification: "lymphocyte" } : {}) }),
  ),
);

export function goldenLabels(): Uint32Array {
  const labels = new Uint32Array(golden.size.width * golden.size.height);
  let at = 0;
  for (let i = 0; i < golden.runs.length; i += 2) {
    labels.fill(golden.runs[i]!, at, at + golden.runs[i + 1]!);
    at += golden.runs[i + 1]!;
  }
  return labels;
}

/** Every second pixel of every second row. */
export function halved(labels: Uint32Array, { width, height }: Size) {
  const size = { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
  const half = new Uint32Array(size.width * size.height);
  half.forEach((_, i) => {
    half[i] = labels[2 * Math.floor(i / size.width) * width + 2 * (i % size.width)]!;
  });
  return { labels: half, size };
}

/** A picture as something that is quick to compare. */
export function pictureKey({ labels, size }: { labels: Uint32Array; size: Size }): string {
  const hash = createHash("sha256").update(
    new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength),
  );
  return `${size.width}×${size.height} ${hash.digest("hex")}`;
}
