import { type Ring, ringBox } from "../../geometry.ts";
import { forEachSpan } from "../../row-spans.ts";

/** A mask in COCO's form: its pixels, and their run lengths over the whole image, packed to text. */
export interface CocoMask {
  readonly pixels: number;
  readonly counts: string;
}

/**
 * COCO's compressed run lengths of a polygon's pixels: columns left to right, each from the top,
 * background first, over an image of `width` × `height` px.
 *
 * A pixel belongs to the object when its centre does (see `forEachSpan`; a centre on a slanted edge may
 * fall to the other side than in rows). Rings are in the image's pixels. Source: pycocotools' `maskApi.c`, rleToString.
 */
export function columnRle(rings: readonly Ring[], width: number, height: number): CocoMask {
  // Columns of the image are rows of its transpose.
  const turned = rings.map((ring) => {
    const swapped = new Array<number>(ring.length);
    for (let i = 0; i < ring.length; i += 2) {
      swapped[i] = ring[i + 1]!;
      swapped[i + 1] = ring[i]!;
    }
    return swapped;
  });
  const box = ringBox(turned[0]!);
  const first = Math.max(0, Math.floor(box.y));
  const last = Math.min(width, Math.ceil(box.y + box.height) + 1);
  const window = { x: 0, y: first, width: height, height: last - first };
  const runs: number[] = [];
  let end = 0;
  let pixels = 0;
  forEachSpan(turned, window, (column, from, to) => {
    const start = column * height + from;
    // A run that begins where the one in the column before it ended goes on with it.
    if (start === end && runs.length > 0) runs[runs.length - 1]! += to - from;
    else runs.push(start - end, to - from);
    end = column * height + to;
    pixels += to - from;
  });
  if (end < width * height) runs.push(width * height - end);
  return { pixels, counts: packed(runs) };
}

/** Five bits a character, each number less the one two before it. */
function packed(runs: readonly number[]): string {
  let text = "";
  for (let i = 0; i < runs.length; i++) {
    let rest = i > 2 ? runs[i]! - runs[i - 2]! : runs[i]!;
    let more = true;
    while (more) {
      // By arithmetic: bit operations end at 32 bits.
      const bits = ((rest % 32) + 32) % 32;
      rest = Math.floor(rest / 32);
      more = bits & 16 ? rest !== -1 : rest !== 0;
      text += String.fromCharCode((more ? bits + 32 : bits) + 48);
    }
  }
  return text;
}
