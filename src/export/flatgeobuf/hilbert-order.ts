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

/**
 * All objects along the Hilbert curve through the middles of their boxes, in bounded memory.
 *
 * A square cell of the curve's own quadrants is one stretch of it: so the objects of one cell after
 * the other are asked of the source and sorted, never all of them.
 */
export async function* inHilbertOrder(
  source: InstanceSource,
): AsyncGenerator<BoxedInstance, void, void> {
  const { extent } = source;
  if (extent === null) return;
  const levels = Math.min(8, Math.ceil(Math.log2(Math.max(1, source.count / PER_CELL)) / 2));
  const cells = 1 << levels;
  const step = HILBERT_SIDE / cells;
  const scale = Math.max(extent.width, extent.height, 1) / HILBERT_SIDE;
  const place = (middle: number, from: number): number =>
    Math.min(HILBERT_SIDE - 1, Math.max(0, Math.floor((middle - from) / scale)));
  for (const [column, row] of cellsAlongCurve(cells, step)) {
    const cell: Box = {
      // A pixel more on each side: rounding must not lose an object between two cells.
      x: extent.x + column * step * scale - 1,
      y: extent.y + row * step * scale - 1,
      width: step * scale + 2,
      height: step * scale + 2,
    };
    if (cell.x > extent.x + extent.width || cell.y > extent.y + extent.height) continue;
    const mine: (BoxedInstance & { readonly at: number; readonly index: number })[] = [];
    for await (const { index, instance } of source.within(cell)) {
      const box = ringBox(instance.polygon.outer);
      const x = place(box.x + box.width / 2, extent.x);
      const y = place(box.y + box.height / 2, extent.y);
      if (Math.floor(x / step) !== column || Math.floor(y / step) !== row) continue;
      mine.push({ at: hilbertIndex(x, y), index, instance, box });
    }
    mine.sort((a, b) => a.at - b.at || a.index - b.index);
    yield* mine;
  }
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
