import { type Polygon, ringBox, uniteBoxes } from "../../src/geometry.ts";

/** IoU of two polygons by the pixel centres that they hold (even-odd), written apart from src. */
export function polygonIou(a: Polygon, b: Polygon): number {
  const { x, y, width, height } = uniteBoxes(ringBox(a.outer), ringBox(b.outer));
  let [both, any] = [0, 0];
  for (let row = Math.floor(y) + 0.5; row < y + height; row++) {
    for (let column = Math.floor(x) + 0.5; column < x + width; column++) {
      const [inA, inB] = [holds(a, column, row), holds(b, column, row)];
      if (inA && inB) both++;
      if (inA || inB) any++;
    }
  }
  return any === 0 ? 0 : both / any;
}

function holds({ outer, holes }: Polygon, x: number, y: number): boolean {
  let inside = false;
  for (const ring of [outer, ...holes]) {
    for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
      const [ax, ay, bx, by] = [ring[j]!, ring[j + 1]!, ring[i]!, ring[i + 1]!];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
    }
  }
  return inside;
}
