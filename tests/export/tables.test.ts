import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { csvField, writeCsv } from "../../src/export/csv.ts";
import { writeParquet } from "../../src/export/parquet.ts";
import { NUMBER_COLUMNS, rowOf } from "../../src/export/table-columns.ts";
import { squareInstance, strewn, subjectOf } from "./objects.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "microtome-table-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("writeCsv", () => {
  it("writes a row an object, and tells the columns beside it", async () => {
    const path = join(folder, "nuclei.csv");
    const bare = squareInstance(1, { hematoxylinOd: Number.NaN, classification: '=1+1,"x"' });
    const files = await writeCsv(subjectOf([squareInstance(0), bare]), { path });
    expect(readFileSync(path, "utf8")).toBe(
      [
        "id,class,centroid_x_px,centroid_y_px,centroid_x_um,centroid_y_um,area_um2,perimeter_um,circularity,predicted_iou,stability,hematoxylin_od,bbox_x_px,bbox_y_px,bbox_width_px,bbox_height_px,vertex_count,hole_count",
        "00000000-0000-5000-8000-000000000000,Nucleus,6.25,6,1.563,1.5,6,12,0.7854,0.91,0.95,0.4,0.25,0,10,10,8,1",
        `00000000-0000-5000-8000-000000000001,"'=1+1,""x""",26.25,6,6.563,1.5,6,12,0.7854,0.91,0.95,,20.25,0,10,10,8,1`,
        "",
      ].join("\r\n"),
    );
    const beside = JSON.parse(readFileSync(`${path}.json`, "utf8"));
    expect(beside).toMatchObject({ objects: 2, model: "m1", slide: "slide.svs", runKey: "cd" });
    expect(beside.columns).toHaveLength(18);
    expect(files.map(({ path: name, objects }) => [name, objects])).toEqual([
      [path, 2],
      [`${path}.json`, 0],
    ]);
    expect(readdirSync(folder).sort()).toEqual(["nuclei.csv", "nuclei.csv.json"]);
  });

  it("compresses where the name ends in .gz", async () => {
    const path = join(folder, "nuclei.csv.gz");
    await writeCsv(subjectOf(strewn(40)), { path });
    expect(gunzipSync(readFileSync(path)).toString("utf8").split("\r\n")).toHaveLength(42);
    expect(readdirSync(folder).sort()).toEqual(["nuclei.csv.gz", "nuclei.csv.json"]);
  });

  it.each([
    ["Nucleus", "Nucleus"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["+x", "'+x"],
    ["\t=x", "'\t=x"],
    ["a\nb", '"a\nb"'],
    ["Tumor: Positive", "Tumor: Positive"],
  ])("writes %j as %j", (text, field) => {
    expect(csvField(text)).toBe(field);
  });
});

describe("writeParquet", () => {
  it("is read back equal, in row groups, with where it comes from", async () => {
    const path = join(folder, "nuclei.parquet");
    // More than a row group.
    const objects = strewn(300).flatMap((instance, n) =>
      Array.from({ length: 110 }, (_, i) => ({ ...instance, id: `${n}-${i}` })),
    );
    const subject = subjectOf(objects);
    const [written] = await writeParquet(subject, { path });
    const bytes = readFileSync(path);
    expect(written).toEqual({ path, objects: objects.length, bytes: bytes.length });
    const file = new Uint8Array(bytes).buffer;
    const metadata = parquetMetadata(file);
    expect(metadata.row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([
      16_384, 16_384, 232,
    ]);
    const about = Object.fromEntries(
      metadata.key_value_metadata!.map(({ key, value }) => [key, JSON.parse(value!)]),
    );
    expect(about.microtome).toMatchObject({ model: "m1", slide: "slide.svs" });
    expect(about["microtome.columns"].area_um2).toContain("square micrometres");
    const rows = await parquetReadObjects({ file });
    expect(rows).toHaveLength(objects.length);
    for (const i of [0, 11, 7000, 32_767, 32_768, 32_999]) {
      const row = rowOf(objects[i]!, subject);
      expect(rows[i]).toMatchObject({
        id: objects[i]!.id,
        class: objects[i]!.classification ?? "Nucleus",
      });
      for (const { name, decimals, of } of NUMBER_COLUMNS) {
        const value = of(row);
        const read: unknown = rows[i]![name];
        if (!Number.isFinite(value)) expect(read).toBeNull();
        else expect(read).toBe(Number(value.toFixed(decimals)));
      }
    }
  });

  it("holds no objects, too", async () => {
    const path = join(folder, "none.parquet");
    await writeParquet(subjectOf([]), { path });
    expect(await parquetReadObjects({ file: new Uint8Array(readFileSync(path)).buffer })).toEqual(
      [],
    );
  });
});
