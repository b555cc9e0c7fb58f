import fc from "fast-check";
import { SpanBuilder, type Spans } from "../../src/merge/spans.ts";

/** Reads a drawing, # for foreground, top left at (x, y). */
export function spansFrom(rows: readonly string[], x = 0, y = 0): Spans | null {
  const builder = new SpanBuilder(y);
  for (const row of rows) {
    builder.row();
    for (let k = 0; k < row.length; k++) if (row[k] === "#") builder.add(x + k, x + k + 1);
  }
  return builder.close();
}

/** The pixels of a mask as "x,y". */
export function pixelsOf({ box, rowStart, xs }: Spans): Set<string> {
  const pixels = new Set<string>();
  for (let r = 0; r < box.height; r++) {
    for (let k = rowStart[r]!; k < rowStart[r + 1]!; k += 2) {
      for (let x = xs[k]!; x < xs[k + 1]!; x++) pixels.add(`${x},${box.y + r}`);
    }
  }
  return pixels;
}

/** Drawings of random pixels, from sparse to dense. */
const noise = fc
  .record({ width: fc.integer({ min: 1, max: 16 }), height: fc.integer({ min: 1, max: 16 }) })
  .chain(({ width, height }) =>
    fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: width, maxLength: width }), {
      minLength: height,
      maxLength: height,
    }),
  )
  .chain((numbers) =>
    fc
      .integer({ min: 1, max: 9 })
      .map((level) => numbers.map((row) => row.map((n) => (n < level ? "#" : ".")).join(""))),
  );

const repeat = (count: number, row: (i: number) => string): string[] =>
  Array.from({ length: count }, (_, i) => row(i));

const checkerboard = fc
  .integer({ min: 2, max: 12 })
  .map((n) => repeat(n, (i) => (i % 2 === 0 ? "#." : ".#").repeat(n)));

const comb = fc
  .integer({ min: 1, max: 8 })
  .map((n) => ["##".repeat(n), ...repeat(5, () => "#.".repeat(n))]);

const bridge = fc.integer({ min: 1, max: 8 }).map((n) => {
  const solid = `${"#".repeat(n)}.${"#".repeat(n)}`;
  return [solid, solid, "#".repeat(2 * n + 1), solid];
});

/** A square spiral of one-pixel walls with one-pixel gaps. */
export function spiral(turns: number): string[] {
  const side = 4 * turns + 1;
  const cells = repeat(side, () => ".".repeat(side)).map((row) => [...row]);
  let [x, y, dx, dy, length] = [0, 0, 1, 0, side - 1];
  cells[0]![0] = "#";
  for (let leg = 0; length > 0; leg++) {
    for (let step = 0; step < length; step++) {
      x += dx;
      y += dy;
      cells[y]![x] = "#";
    }
    [dx, dy] = [-dy, dx];
    if (leg >= 2 && leg % 2 === 0) length -= 2;
  }
  return cells.map((row) => row.join(""));
}

export const bitmaps = fc.oneof(
  { weight: 6, arbitrary: noise },
  { weight: 1, arbitrary: checkerboard },
  { weight: 1, arbitrary: comb },
  { weight: 1, arbitrary: bridge },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }).map(spiral) },
);

/** Drawings with the rings they must give. */
export const drawn = [
  { name: "one pixel", rows: ["#"], outers: 1, holes: 0 },
  { name: "two pixels corner to corner", rows: ["#.", ".#"], outers: 2, holes: 0 },
  { name: "a ring", rows: ["###", "#.#", "###"], outers: 1, holes: 1 },
  {
    name: "a ring around a pixel",
    rows: ["#####", "#...#", "#.#.#", "#...#", "#####"],
    outers: 2,
    holes: 1,
  },
  { name: "holes corner to corner", rows: ["####", "#.##", "##.#", "####"], outers: 1, holes: 2 },
  { name: "a pocket open at a corner", rows: ["###", "#.#", "##."], outers: 1, holes: 1 },
  { name: "a checkerboard", rows: ["#.#", ".#.", "#.#"], outers: 5, holes: 0 },
  { name: "a comb", rows: ["#####", "#.#.#", "#.#.#"], outers: 1, holes: 0 },
  { name: "a spiral", rows: spiral(3), outers: 1, holes: 0 },
];
