import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseIndex } from "../../src/evaluate/parse-index.ts";
import badIndexes from "../cases/evaluate/bad-index.json" with { type: "json" };
import { DATA, hasData } from "../shared-data.ts";

describe("parseIndex", () => {
  test("reads what is there, in any order of columns, and leaves the rest null", () => {
    const text =
      "\uFEFFnote\tMPP\timage\tlabel\twidth\theight\tinstances\r\n" +
      "H&E\t0.2527\timages/a.png\tlabels/a.png\t1000\t900\t12\r\n" +
      "\tunknown\timages/b.png\tlabels/b.png\r\n" +
      "\r\n" +
      "\t0,5\timages/c.png\tlabels/c.png\t\t\t0\textra\r\n";
    expect(parseIndex(text, "index.tsv")).toEqual([
      {
        image: "images/a.png",
        label: "labels/a.png",
        width: 1000,
        height: 900,
        instances: 12,
        mpp: 0.2527,
        line: 2,
      },
      {
        image: "images/b.png",
        label: "labels/b.png",
        width: null,
        height: null,
        instances: null,
        mpp: null,
        line: 3,
      },
      {
        image: "images/c.png",
        label: "labels/c.png",
        width: null,
        height: null,
        instances: 0,
        mpp: 0.5,
        line: 5,
      },
    ]);
  });

  test.each(["", "unknown", "0", "-0.25", "NaN", "Infinity", "40x"])(
    "µm/px %j is unknown, never a guess",
    (mpp) => {
      const [entry] = parseIndex(`image\tlabel\tmpp\na.png\tb.png\t${mpp}\n`, "index.tsv");
      expect(entry!.mpp).toBeNull();
    },
  );

  test.each(badIndexes.map((bad) => [bad.name, bad] as const))("refuses: %s", (_, bad) => {
    expect(() => parseIndex(bad.text, "some/index.tsv")).toThrow(
      expect.objectContaining({
        code: "corrupt-file",
        message: expect.stringMatching(new RegExp(`^some/index\\.tsv, line ${bad.line}: `)),
      }),
    );
    expect(() => parseIndex(bad.text, "some/index.tsv")).toThrow(bad.says);
  });
});

const folders = ["test", "train"].flatMap((split) => {
  const folder = join(DATA, split);
  return hasData(split) ? readdirSync(folder).map((name) => join(folder, name)) : [];
});
const indexes = folders
  .map((folder) => join(folder, "index.tsv"))
  .filter((path) => existsSync(path) && !path.includes("points-"));

test.skipIf(indexes.length === 0)("every index of the shared data is read", () => {
  for (const path of indexes) {
    const text = readFileSync(path, "utf8");
    const entries = parseIndex(text, path);
    expect(entries).toHaveLength(text.trim().split("\n").length - 1);
    for (const { image, label } of entries) {
      expect(existsSync(join(path, "..", image)) && existsSync(join(path, "..", label))).toBe(true);
    }
  }
});
