import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { checkGeoJson } from "../../src/export/check.ts";
import cases from "../cases/geojson/faults.json" with { type: "json" };
import { type FaultCase, textOf } from "./fault-cases.ts";

const folder = mkdtempSync(join(tmpdir(), "microtome-check-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("checkGeoJson", () => {
  it.each(cases as unknown as FaultCase[])("finds $rules in $name", async (item) => {
    const path = join(folder, "case.geojson");
    writeFileSync(path, textOf(item));
    const findings = await checkGeoJson(path);
    expect(findings.map(({ rule }) => rule)).toEqual(item.rules);
    for (const { message, feature, rule } of findings) {
      expect(message).not.toContain("undefined");
      if (item.text === undefined && rule !== "parsable") {
        expect(feature).toBe(1);
        expect(message).toMatch(/^feature 1: /);
      }
    }
  });

  it("finds an id that two features share, whatever its case", async () => {
    const path = join(folder, "twice.geojson");
    const feature = (id: string) =>
      `{"type":"Feature","id":"${id}","geometry":{"type":"Point","coordinates":[1,2]},"properties":{}}`;
    const id = "6423a977-ffff-48db-affc-cd11632010f0";
    writeFileSync(path, `[${feature(id)},${feature(id.toUpperCase())}]`);
    expect(await checkGeoJson(path)).toMatchObject([{ rule: "id", feature: 1, id }]);
  });

  it("names a damaged gzip file, and text that is not UTF-8", async () => {
    const whole = gzipSync(`{"type":"FeatureCollection","features":[${" ".repeat(9000)}]}`);
    for (const bytes of [
      whole.subarray(0, whole.length - 9),
      Buffer.from([0x7b, 0xff, 0xfe, 0x7d]),
    ]) {
      const path = join(folder, "damaged.geojson.gz");
      writeFileSync(path, bytes);
      expect((await checkGeoJson(path)).map(({ rule }) => rule)).toEqual(["parsable"]);
    }
  });

  it("looks at more children than a call has room for arguments", async () => {
    const path = join(folder, "children.geojson");
    const point = '"geometry":{"type":"Point","coordinates":[1,2]}';
    const children = Array.from(
      { length: 150_000 },
      (_, i) => `{"type":"Feature","id":"1-2-3-4-${i.toString(16)}",${point},"properties":{}}`,
    );
    const parent = (inner: string): string =>
      `{"type":"Feature",${point},"properties":{"childObjects":[${inner}]}}`;
    writeFileSync(path, `[${parent(parent(children.join(",")))}]`);
    expect(await checkGeoJson(path)).toEqual([]);
  });

  it("stops after a thousand faults", async () => {
    const path = join(folder, "bad.geojson");
    writeFileSync(path, JSON.stringify(Array.from({ length: 3000 }, () => 1)));
    const findings = await checkGeoJson(path);
    expect(findings).toHaveLength(1001);
    expect(findings.at(-1)!.message).toContain("more than 1000");
  });

  it("refuses a path where there is no file", async () => {
    await expect(checkGeoJson(join(folder, "none.geojson"))).rejects.toMatchObject({
      code: "input-not-found",
    });
  });
});
