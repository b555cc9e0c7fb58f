import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MEASUREMENTS } from "../../src/measurements.ts";
import type { Instance } from "../../src/merge/instance.ts";

/**
 * Writes objects for contenders in other languages, little-endian: uint32 points n, uint32 length of the class's
 * name, the name, float64 for each of MEASUREMENTS, float64 xy[2n]. Holes are left out: bench objects have none.
 */
export async function writeInput(path: string, instances: Iterable<Instance>): Promise<void> {
  await pipeline(Readable.from(pieces(instances)), createWriteStream(path));
}

function* pieces(instances: Iterable<Instance>): Generator<Buffer, void, void> {
  let waiting: Buffer[] = [];
  for (const { polygon, classification = "Nucleus", ...measured } of instances) {
    const name = Buffer.from(classification);
    const { outer } = polygon;
    const bytes = Buffer.alloc(8 + name.length + 8 * (MEASUREMENTS.length + outer.length));
    bytes.writeUInt32LE(outer.length / 2, 0);
    bytes.writeUInt32LE(name.length, 4);
    let at = 8 + name.copy(bytes, 8);
    for (const { field } of MEASUREMENTS) at = bytes.writeDoubleLE(measured[field], at);
    for (const value of outer) at = bytes.writeDoubleLE(value, at);
    waiting.push(bytes);
    if (waiting.length < 1000) continue;
    yield Buffer.concat(waiting);
    waiting = [];
  }
  yield Buffer.concat(waiting);
}
