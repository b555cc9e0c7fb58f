import type { Polygon, Ring } from "./geometry.ts";

/** The rings of one object end to end, in whole hundredths of a level-0 px; filled anew for each object. */
export class Outline {
  /** x0, y0, x1, y1, …; what lies behind the last ring is of no meaning. */
  units = new Float64Array(1024);
  /** Points of each ring, the outer one first. */
  pointsOf: number[] = [];

  /** Makes room for so many points; what was there is lost. */
  room(points: number): void {
    if (this.units.length < 2 * points) this.units = new Float64Array(4 * points);
  }

  /** Takes a polygon's rings, level-0 px. */
  fill({ outer, holes }: Polygon): void {
    const rings = [outer, ...holes];
    this.pointsOf = rings.map((ring) => ring.length / 2);
    this.room(this.pointsOf.reduce((sum, points) => sum + points, 0));
    let at = 0;
    for (const ring of rings) for (const value of ring) this.units[at++] = Math.round(value * 100);
  }

  /** The same as a polygon of its own, level-0 px. */
  polygon(): Polygon {
    const { units, pointsOf } = this;
    let at = 0;
    const [outer, ...holes] = pointsOf.map((points): Ring => {
      const ring = new Array<number>(2 * points);
      for (let i = 0; i < 2 * points; i++) ring[i] = units[at++]! / 100;
      return ring;
    });
    return { outer: outer!, holes };
  }
}
