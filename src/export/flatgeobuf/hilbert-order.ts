import { type Box, ringBox } from "../../geometry.ts";
import type { Instance } from "../../merge/instance.ts";
import type { InstanceSource } from "../../store/instance-source.ts";
import { HILBERT_SIDE, hilbertIndex } from "./hilbert.ts";

/** About so many objects are held and sorted at once. */
const AT_ONCE = 4096;

/** Objects a cell may have on average before it is quartered: tissue fills a part of its box only. */
const PER_CELL = AT_ONCE / 8;

/** An object and its bounding box, level-0 px. */
export interface BoxedInstance {
  readonly instance: Instance;
  readonly box: Box;
}

/** A cell with more is read several times, a stretch of the curve after the other. */
const MOST_AT_ONCE = 4 * AT_ONCE;

/** An object of a cell, and its position along the curve. */
interface PlacedOnCurve extends BoxedInstance {
  readonly at: number;
  /** In the source's order. */
  readonly index: number;
}

/**
 * All objects along the Hilbert curve through the middles of their boxes, in bounded memory.
 *
 * A square cell of the curve's own quadrants is one stretch of it: so the objects of one cell after
 * the other are asked of the source and sorted, never all of them, even where all lie in one spot. Those at the same position keep
 * the source's order. `most` objects are held at once.
 */
export async function* inHilbertOrder(
  source: InstanceSource,
  most = MOST_AT_ONCE,
): AsyncGenerator<BoxedInstance, void, void> {
  const { extent } = source;
  if (extent === null) return;
  const levels = Math.min(8, Math.ceil(Math.log2(Math.max(1, source.count / PER_CELL)) / 2));
  const cells = 1 << levels;
  const step = HILBERT_SIDE / cells;
  for (const [column, row] of cellsAlongCurve(cells, step)) {
    const objects = () => objectsOfCell(source, extent, step, column, row);
    let mine: PlacedOnCurve[] = [];
    let count = 0;
    for await (const object of objects()) {
      if (++count <= most) mine.push(object);
      else mine = [];
    }
    if (count > most) yield* inStretches(objects, most);
    else yield* sorted(mine);
  }
}

async function* objectsOfCell(
  source: InstanceSource,
  extent: Box,
  step: number,
  column: number,
  row: number,
): AsyncGenerator<PlacedOnCurve, void, void> {
  const scale = Math.max(extent.width, extent.height, 1) / HILBERT_SIDE;
  const place = (middle: number, from: number): number =>
    Math.min(HILBERT_SIDE - 1, Math.max(0, Math.floor((middle - from) / scale)));
  const cell: Box = {
    // A pixel more on each side: rounding must not lose an object between two cells.
    x: extent.x + column * step * scale - 1,
    y: extent.y + row * step * scale - 1,
    width: step * scale + 2,
    height: step * scale + 2,
  };
  if (cell.x > extent.x + extent.width || cell.y > extent.y + extent.height) return;
  for await (const { index, instance } of source.within(cell)) {
    const box = ringBox(instance.polygon.outer);
    const x = place(box.x + box.width / 2, extent.x);
    const y = place(box.y + box.height / 2, extent.y);
    if (Math.floor(x / step) !== column || Math.floor(y / step) !== row) continue;
    yield { at: hilbertIndex(x, y), index, instance, box };
  }
}

/** The objects of a crowded cell: stretches of the curve that hold so many as may be held, or one position alone. */
async function* inStretches(
  objects: () => AsyncIterable<PlacedOnCurve>,
  most: number,
): AsyncGenerator<BoxedInstance, void, void> {
  let [positions, count] = [new Float64Array(2 * most), 0];
  for await (const { at } of objects()) {
    if (count === positions.length) {
      const more = new Float64Array(2 * count);
      more.set(positions);
      positions = more;
    }
    positions[count++] = at;
  }
  positions = positions.subarray(0, count).sort();
  for (let from = 0; from < count; ) {
    let end = Math.min(count, from + most);
    // Objects at one position stay together.
    if (end < count) while (end > from && positions[end - 1] === positions[end]) end--;
    const isOne = end === from;
    if (isOne) while (end < count && positions[end] === positions[from]) end++;
    const [first, last] = [positions[from]!, positions[end - 1]!];
    const mine: PlacedOnCurve[] = [];
    for await (const object of objects()) {
      if (object.at < first || object.at > last) continue;
      // The source's order is theirs.
      if (isOne) yield object;
      else mine.push(object);
    }
    yield* sorted(mine);
    from = end;
  }
}

function sorted(objects: PlacedOnCurve[]): PlacedOnCurve[] {
  return objects.sort((a, b) => a.at - b.at || a.index - b.index);
}

function cellsAlongCurve(cells: number, step: number): (readonly [number, number])[] {
  const all: { readonly at: number; readonly cell: readonly [number, number] }[] = [];
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      all.push({ at: hilbertIndex(column * step, row * step), cell: [column, row] });
    }
  }
  return all.sort((a, b) => a.at - b.at).map(({ cell }) => cell);
}
