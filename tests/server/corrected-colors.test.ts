import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Library } from "../../src/server/library.ts";
import { correctedNames } from "../../src/store/corrected-names.ts";
import { KEY, makeRun } from "../pipeline/run-of-objects.ts";

test("classes have the colours of corrections as soon as their record is there, which is after the objects", async () => {
  const folder = mkdtempSync(join(tmpdir(), "microtome-colors-"));
  try {
    await makeRun(folder);
    const path = join(folder, "run.json");
    const { slide, mpp, model, ...record } = JSON.parse(readFileSync(path, "utf8"));
    const whole = {
      ...record,
      slide: { ...slide, bytes: 1 },
      mpp: { ...mpp, source: "vendor", used: 0.25 },
      model: { ...model, version: "1" },
      software: { name: "microtome", version: "0.1.0" },
      parameters: {},
      counts: { objects: 12 },
      areaMm2: 0,
      seconds: {},
      failures: [],
    };
    writeFileSync(path, JSON.stringify(whole));
    const names = correctedNames({ task: "nuclei", key: KEY });
    copyFileSync(join(folder, "nuclei.objects"), join(folder, names.objects));
    const library = await Library.open(folder, () => {});
    const [id] = [...(await library.refresh()).runs.keys()];
    const color = async () => {
      const { overlay } = await library.runInfo(id!);
      return overlay!.classes.find(({ name }) => name === "Lymphocyte")!.color;
    };
    expect(await color()).not.toEqual([9, 8, 7]);
    const counts = { reshaped: 0, reclassified: 0, reshapedAndReclassified: 0, added: 0 };
    const about = { correctedFrom: "a.geojson", ...counts, deleted: 0 };
    const told = { ...about, classColors: { Lymphocyte: [9, 8, 7] } };
    writeFileSync(join(folder, names.record), JSON.stringify(told));
    expect(await color()).toEqual([9, 8, 7]);
    await library.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
