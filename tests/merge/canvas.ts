import type { Box, Polygon } from "../../src/geometry.ts";
import { SpanBuilder, type Spans, spansToRle } from "../../src/merge/spans.ts";
import type { PatchMask } from "../../src/segment/mask.ts";
import type { PlannedPatch } from "../../src/tiler/patch.ts";

/** Objects painted on the grid: a label a pixel, 0 = nothing. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly labels: Int32Array;
  readonly boxes: Map<number, Box>;
}

/** Paints labels from 1 to `count` on the pixels that `pixelsOf` finds for each; one of fewer than 12 is left out. */
export function paintLabels(
  { width, height }: { readonly width: number; readonly height: number },
  count: number,
  pixelsOf: (labels: Int32Array) => readonly number[],
): Canvas {
  const labels = new Int32Array(width * height);
  const boxes = new Map<number, Box>();
  for (let label = 1; label <= count; label++) {
    const pixels = pixelsOf(labels);
    if (pixels.length < 12) continue;
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (const at of pixels) {
      labels[at] = label;
      left = Math.min(left, at % width);
      right = Math.max(right, (at % width) + 1);
      top = Math.min(top, Math.floor(at / width));
      bottom = Math.max(bottom, Math.floor(at / width) + 1);
    }
    boxes.set(label, { x: left, y: top, width: right - left, height: bottom - top });
  }
  return { width, height, labels, boxes };
}

/** Paints up to `count` wobbly blobs that neither overlap nor touch, with radii between two bounds. */
export function paintBlobs(
  random: () => number,
  size: { readonly width: number; readonly height: number },
  count: number,
  [smallest, largest]: readonly [number, number],
): Canvas {
  const { width, height } = size;
  return paintLabels(size, count, (labels) => {
    const radius = smallest + random() * (largest - smallest);
    const [cx, cy] = [random() * width, random() * height];
    const squeeze = 0.6 + 0.4 * random();
    const [turn, wobble, phase] = [random() * Math.PI, random() * 0.2, random() * 6];
    const pixels: number[] = [];
    let free = true;
    const [x0, x1] = [Math.floor(cx - radius * 1.3), Math.ceil(cx + radius * 1.3)];
    const [y0, y1] = [Math.floor(cy - radius * 1.3), Math.ceil(cy + radius * 1.3)];
    for (let y = Math.max(0, y0); y <= Math.min(height - 1, y1) && free; y++) {
      for (let x = Math.max(0, x0); x <= Math.min(width - 1, x1); x++) {
        const [dx, dy] = [x + 0.5 - cx, y + 0.5 - cy];
        const u = dx * Math.cos(turn) + dy * Math.sin(turn);
        const v = (dy * Math.cos(turn) - dx * Math.sin(turn)) / squeeze;
        const reach = radius * (1 + wobble * Math.sin(3 * Math.atan2(v, u) + phase));
        if (u * u + v * v > reach * reach) continue;
        const at = y * width + x;
        const taken = [0, -1, 1, -width, width].some((step) => (labels[at + step] ?? 0) !== 0);
        if (taken) {
          free = false;
          break;
        }
        pixels.push(at);
      }
    }
    return free ? pixels : [];
  });
}

/** A label's pixels inside a box, or null. */
export function spansOf(canvas: Canvas, label: number, clip?: Box): Spans | null {
  const box = canvas.boxes.get(label)!;
  const y0 = Math.max(box.y, clip?.y ?? box.y);
  const y1 = Math.min(box.y + box.height, clip === undefined ? Infinity : clip.y + clip.height);
  const x0 = Math.max(box.x, clip?.x ?? box.x);
  const x1 = Math.min(box.x + box.width, clip === undefined ? Infinity : clip.x + clip.width);
  const builder = new SpanBuilder(y0);
  for (let y = y0; y < y1; y++) {
    builder.row();
    for (let x = x0; x < x1; x++) {
      if (canvas.labels[y * canvas.width + x] === label) builder.add(x, x + 1);
    }
  }
  return builder.close();
}

/** A plan over the canvas: equal patches whose cores meet in the middle of the overlaps. */
export function planOver(
  size: { readonly width: number; readonly height: number },
  side: number,
  overlap: number,
  offset: { readonly x: number; readonly y: number } = { x: 0, y: 0 },
): PlannedPatch[] {
  const starts = (length: number, shift: number): number[] => {
    const found: number[] = [];
    for (let at = -shift; ; at += side - overlap) {
      found.push(at);
      if (at + side >= length) return found;
    }
  };
  const [xs, ys] = [starts(size.width, offset.x), starts(size.height, offset.y)];
  const core = (at: number, i: number, all: number[]): readonly [number, number] => [
    i === 0 ? at : at + overlap / 2,
    i === all.length - 1 ? at + side : at + side - overlap / 2,
  ];
  return ys.flatMap((y, row) =>
    xs.map((x, column): PlannedPatch => {
      const gridBox = { x, y, width: side, height: side };
      const [cx0, cx1] = core(x, column, xs);
      const [cy0, cy1] = core(y, row, ys);
      return {
        id: `${column}_${row}`,
        index: row * xs.length + column,
        column,
        row,
        gridBox,
        gridCore: { x: cx0, y: cy0, width: cx1 - cx0, height: cy1 - cy0 },
        box: gridBox,
      };
    }),
  );
}

/** A mask as a patch would report it. */
export function patchMask(
  spans: Spans,
  patch: PlannedPatch,
  scores: Partial<PatchMask> = {},
): PatchMask {
  const box = {
    ...spans.box,
    x: spans.box.x - patch.gridBox.x,
    y: spans.box.y - patch.gridBox.y,
  };
  return {
    rle: spansToRle(spans),
    box,
    area: spans.area,
    predictedIou: 0.9,
    stabilityScore: 0.95,
    point: { x: box.x, y: box.y },
    hematoxylinOd: 0.5,
    ...scores,
  };
}

/** The masks of every label that a patch sees, cut at its borders. */
export function masksOver(
  canvas: Canvas,
  change: (spans: Spans, patch: PlannedPatch, label: number) => Spans | null = (spans) => spans,
): (patch: PlannedPatch) => PatchMask[] {
  return (patch) => {
    const { x, y, width, height } = patch.gridBox;
    const masks: PatchMask[] = [];
    for (const [label, box] of canvas.boxes) {
      if (box.x >= x + width || box.x + box.width <= x) continue;
      if (box.y >= y + height || box.y + box.height <= y) continue;
      const seen = spansOf(canvas, label, patch.gridBox);
      const changed = seen === null ? null : change(seen, patch, label);
      if (changed !== null) masks.push(patchMask(changed, patch));
    }
    return masks;
  };
}

/** The pixels whose centres a polygon covers (even–odd rule over all rings), in its own frame. */
export function rasterise(polygon: Polygon): Set<string> {
  const pixels = new Set<string>();
  const rings = [polygon.outer, ...polygon.holes];
  const ys = polygon.outer.filter((_, i) => i % 2 === 1);
  for (let y = Math.floor(Math.min(...ys)); y < Math.max(...ys); y++) {
    const crossings: number[] = [];
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
        const [ay, by] = [ring[j + 1]!, ring[i + 1]!];
        if (ay > y + 0.5 === by > y + 0.5) continue;
        crossings.push(ring[j]! + ((y + 0.5 - ay) / (by - ay)) * (ring[i]! - ring[j]!));
      }
    }
    crossings.sort((a, b) => a - b);
    for (let i = 0; i < crossings.length; i += 2) {
      for (let x = Math.ceil(crossings[i]! - 0.5); x + 0.5 < crossings[i + 1]!; x++) {
        pixels.add(`${x},${y}`);
      }
    }
  }
  return pixels;
}
