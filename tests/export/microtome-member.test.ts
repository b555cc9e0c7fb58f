import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { microtomeMember } from "../../src/export/microtome-member.ts";

const folder = mkdtempSync(join(tmpdir(), "microtome-member-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("microtomeMember", () => {
  it("is read whatever the names in it hold, and null for another's file", async () => {
    const path = join(folder, "some.geojson");
    const about = { model: 'a {"b}', originX: 7 };
    writeFileSync(
      path,
      `{"type":"FeatureCollection","microtome":${JSON.stringify(about)},"features":[]}`,
    );
    expect(await microtomeMember(path)).toEqual(about);
    writeFileSync(path, '{"type":"FeatureCollection","features":[]}');
    expect(await microtomeMember(path)).toBeNull();
  });
});
