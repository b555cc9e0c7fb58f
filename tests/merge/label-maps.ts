import type { Box } from "../../src/geometry.ts";
import { connectedParts } from "../../src/merge/span-sets.ts";
import type { Spans } from "../../src/merge/spans.ts";
import { type Canvas, spansOf } from "./canvas.ts";

/**
 * A map whose labels cover a square and touch each other: cells around random seeds, their borders
 * ragged by noise, some of them background. Every label is one 4-connected part.
 */
export function cellMap(random: () => number, side: number, cells: number): Canvas {
  const seeds = Array.from({ length: cells }, () => [random() * side, random() * side] as const);
  const ragged = random() * 3;
  const background = random() * 0.3;
  const empty = seeds.map(() => random() < background);
  const labels = new Int32Array(side * side);
  for (let at = 0; at < labels.length; at++) {
    const x = (at % side) + ragged * (random() - 0.5);
    const y = Math.floor(at / side) + ragged * (random() - 0.5);
    let [best, label] = [Infinity, 0];
    for (const [i, [sx, sy]] of seeds.entries()) {
      const distance = (x - sx) ** 2 + (y - sy) ** 2;
      if (distance < best) [best, label] = [distance, empty[i] ? 0 : i + 1];
    }
    labels[at] = label;
  }
  return { width: side, height: side, labels, boxes: boxesOf(labels, side) };
}

/** The largest 4-connected part of every label. */
export function partsOf(canvas: Canvas): Spans[] {
  return [...canvas.boxes.keys()].map((label) => connectedParts(spansOf(canvas, label)!)[0]!);
}

function boxesOf(labels: Int32Array, width: number): Map<number, Box> {
  const boxes = new Map<number, Box>();
  for (const [at, label] of labels.entries()) {
    if (label === 0) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    const box = boxes.get(label) ?? { x, y, width: 0, height: 0 };
    const [left, top] = [Math.min(box.x, x), Math.min(box.y, y)];
    const right = Math.max(box.x + box.width, x + 1);
    const bottom = Math.max(box.y + box.height, y + 1);
    boxes.set(label, { x: left, y: top, width: right - left, height: bottom - top });
  }
  return boxes;
}
