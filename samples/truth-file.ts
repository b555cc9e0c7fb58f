import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { createGzip, type Gzip } from "node:zlib";
import type { Polygon, Ring } from "../src/geometry.ts";

/** One object of the truth, as QuPath imports it. */
export interface TruthObject {
  /** UUID. */
  readonly id: string;
  /** Level-0 px, integers. */
  readonly polygon: Polygon;
  readonly objectType: "detection" | "annotation";
  readonly className: string;
  readonly color: readonly [number, number, number];
  readonly measurements: Readonly<Record<string, number>>;
}

/** Streams objects into a gzipped GeoJSON FeatureCollection. */
export class TruthFile {
  readonly #gzip: Gzip;
  readonly #done: Promise<void>;
  #count = 0;

  constructor(path: string) {
    this.#gzip = createGzip({ level: 9 });
    const file = createWriteStream(path);
    this.#done = finished(this.#gzip.pipe(file));
    this.#gzip.write('{"type":"FeatureCollection","features":[');
  }

  /** Objects added so far. */
  get count(): number {
    return this.#count;
  }

  /** Appends one object. */
  async add(object: TruthObject): Promise<void> {
    const feature = {
      type: "Feature",
      id: object.id,
      geometry: {
        type: "Polygon",
        coordinates: [object.polygon.outer, ...object.polygon.holes].map(closeRing),
      },
      properties: {
        objectType: object.objectType,
        classification: { name: object.className, color: object.color },
        measurements: object.measurements,
      },
    };
    const comma = this.#count > 0 ? "," : "";
    this.#count++;
    if (!this.#gzip.write(`${comma}\n${JSON.stringify(feature)}`)) await once(this.#gzip, "drain");
  }

  /** Ends the file. */
  async close(): Promise<void> {
    this.#gzip.end("\n]}\n");
    await this.#done;
  }
}

function closeRing(ring: Ring): number[][] {
  const points: number[][] = [];
  for (let i = 0; i < ring.length; i += 2) points.push([ring[i]!, ring[i + 1]!]);
  points.push([ring[0]!, ring[1]!]);
  return points;
}
