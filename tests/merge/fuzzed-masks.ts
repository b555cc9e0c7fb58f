import { SpanBuilder, type Spans } from "../../src/merge/spans.ts";
import { randomFrom } from "./random.ts";
import { spansFrom, spiral } from "./shapes.ts";

/** A mask that no model would draw, somewhere on a large slide. */
export interface FuzzedMask {
  readonly kind: string;
  readonly spans: Spans;
  /** Level-0 px per grid px. */
  readonly downsample: number;
}

const DOWNSAMPLES = [0.25, 0.5, 0.502, 1, 1.98, 3.9987, 16];

/** Masks of every kind in turn, the same for a seed: blobs, combs, spirals, bridges, checkerboards, noise. */
export function* fuzzedMasks(count: number, seed = 7): Generator<FuzzedMask, void, void> {
  const random = randomFrom(seed);
  const whole = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  const kinds = Object.entries(KINDS);
  for (let n = 0; n < count; n++) {
    const [kind, draw] = kinds[n % kinds.length]!;
    const spans = spansFrom(draw(random, whole), whole(0, 80_000), whole(0, 80_000));
    if (spans !== null) yield { kind, spans, downsample: DOWNSAMPLES[n % DOWNSAMPLES.length]! };
  }
}

type Draw = (random: () => number, whole: (from: number, to: number) => number) => string[];

const KINDS: Readonly<Record<string, Draw>> = {
  blob: (random, whole) => {
    const radius = whole(2, 14);
    const [wobble, waves, phase, squeeze] = [
      random() * 0.5,
      whole(2, 6),
      random() * 6,
      0.4 + random(),
    ];
    return picture(4 * radius, 4 * radius, (x, y) => {
      const [dx, dy] = [x + 0.5 - 2 * radius, (y + 0.5 - 2 * radius) / squeeze];
      return (
        Math.hypot(dx, dy) < radius * (1 + wobble * Math.sin(waves * Math.atan2(dy, dx) + phase))
      );
    });
  },
  comb: (_, whole) => {
    const [tooth, gap, length, back] = [whole(1, 3), whole(1, 3), whole(1, 12), whole(1, 3)];
    return picture(whole(4, 24), length + back, (x, y) => y < back || x % (tooth + gap) < tooth);
  },
  spiral: (_, whole) => spiral(whole(1, 6)),
  bridge: (random, whole) => {
    const [side, gap, from] = [whole(2, 9), whole(1, 8), random()];
    const [a, b] = [Math.floor(from * side), whole(0, side - 1)];
    return picture(2 * side + gap, side, (x, y) => {
      if (x < side || x >= side + gap) return true;
      // One pixel wide, with a step: the two ends need not lie on a row.
      const turn = side + Math.floor(gap / 2);
      return x < turn ? y === a : x === turn ? y >= Math.min(a, b) && y <= Math.max(a, b) : y === b;
    });
  },
  checkerboard: (random, whole) => {
    const [size, holes] = [whole(1, 3), random() * 0.2];
    return picture(whole(2, 18), whole(2, 18), (x, y) => {
      return (Math.floor(x / size) + Math.floor(y / size)) % 2 === 0 || random() < holes;
    });
  },
  noise: (random, whole) => {
    const level = 0.2 + 0.75 * random();
    return picture(whole(1, 24), whole(1, 24), () => random() < level);
  },
};

function picture(
  width: number,
  height: number,
  isForeground: (x: number, y: number) => boolean,
): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (isForeground(x, y) ? "#" : ".")).join(""),
  );
}

/** The mask of the pixels whose centres a polygon of whole coordinates covers, found by their rows. */
export function maskOf(pixels: ReadonlySet<string>): Spans | null {
  const places = [...pixels].map((pixel) => pixel.split(",").map(Number) as [number, number]);
  if (places.length === 0) return null;
  places.sort(([ax, ay], [bx, by]) => ay - by || ax - bx);
  const top = places[0]![1];
  const builder = new SpanBuilder(top);
  let row = top - 1;
  for (const [x, y] of places) {
    for (; row < y; row++) builder.row();
    builder.add(x, x + 1);
  }
  return builder.close();
}
