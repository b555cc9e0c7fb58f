import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { objectId } from "../../src/merge/object-id.ts";
import { uuidV5 } from "../../src/merge/uuid.ts";

/** RFC 9562, section 5.5, step by step. */
function plainUuid(name: string): string {
  const namespace = Buffer.from("6f1d2c0e9b7a4c55a3e84b1f70c9d2e6", "hex");
  const bytes = createHash("sha1").update(namespace).update(name, "utf8").digest();
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const coordinate = fc.oneof(
  fc.integer({ min: -20_000, max: 20_000 }),
  fc.integer({ min: -4e10, max: 4e10 }),
  fc.constantFrom(-0, 0, 1, 10, 99, 100, 101, 109, 110, 999, 1000, -1, -5, -100),
);
const ring = fc.array(
  coordinate.map((hundredths) => hundredths / 100),
  { minLength: 1, maxLength: 40 },
);

describe("ids", () => {
  it("are UUIDs of version 5", () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(uuidV5(name)).toBe(plainUuid(name));
      }),
    );
  });

  it("are made of the seed and the coordinates as JavaScript writes them", () => {
    fc.assert(
      fc.property(fc.string(), ring, fc.array(ring, { maxLength: 3 }), (seed, outer, holes) => {
        const text = [outer, ...holes].map((one) => one.join(" ")).join(";");
        expect(objectId(seed, { outer, holes })).toBe(plainUuid(`${seed}\n${text}`));
      }),
    );
  });
});
