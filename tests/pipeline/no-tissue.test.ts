import { join } from "node:path";
import { expect, it } from "vitest";
import { segmentSlide } from "../../src/pipeline/segment-slide.ts";
import { runCli } from "../cli/run-cli.ts";
import { paint, rgb, scratchFolder } from "../tiler/write-slides.ts";

const folder = scratchFolder();

/** A grey scan: dark blobs on bright ground, none of them coloured. */
async function greySlide(): Promise<string> {
  const path = join(folder, "grey.png");
  const grey = paint(300, 300, (x, y) => {
    const value = Math.hypot((x % 40) - 20, (y % 40) - 20) < 10 ? 90 : 200;
    return [value, value, value];
  });
  await rgb(grey, 300, 300).png().toFile(path);
  return path;
}

it("tells where no tissue is found, every time, and looks everywhere when asked to", async () => {
  const notices: string[] = [];
  const options = {
    slide: await greySlide(),
    task: "nuclei",
    out: folder,
    mpp: 0.25,
    workers: 1,
    onNotice: (text: string) => notices.push(text),
  };
  const { record } = await segmentSlide(options);
  expect(record).toMatchObject({ state: "done", areaMm2: 0, patches: { done: 0 } });
  expect(record.tissue.notice).toMatch(/no tissue was found on this slide.*--tissue all/);
  expect(notices).toEqual([record.tissue.notice]);
  expect((await segmentSlide({ ...options, skipFinished: true })).unchanged).toBe(true);
  expect(notices).toHaveLength(2);

  const everywhere = { ...options, tissue: "all" as const };
  // An empty run holds nothing to lose: it is replaced without --overwrite.
  const all = (await segmentSlide({ ...everywhere, skipFinished: true })).record;
  expect(all.key).not.toBe(record.key);
  expect(all.parameters.tissue).toBe("all");
  expect(all.patches).toMatchObject({ skipped: 0, failed: 0 });
  expect(all.patches.done).toBe(all.patches.planned);
  expect(all.areaMm2).toBeCloseTo((300 * 0.25) ** 2 / 1e6, 6);
  expect(all.tissue).not.toHaveProperty("notice");
  expect(notices.slice(2).join()).not.toContain("no tissue");
}, 60_000);

it("says it on the command line's stderr, in a batch's table, and takes --tissue all", async () => {
  const slide = await greySlide();
  const rest = ["--task", "nuclei", "--mpp", "0.25", "--out", join(folder, "cli"), "--json"];
  const plain = await runCli(["segment", slide, ...rest, "--dry-run"]);
  expect(plain).toMatchObject({ status: 0 });
  expect(plain.stderr).toMatch(/^note: no tissue was found.*--tissue all/m);
  const all = await runCli(["segment", slide, ...rest, "--dry-run", "--tissue", "all"]);
  expect(all.stderr).not.toContain("no tissue");
  expect(JSON.parse(all.stdout).patches.toDo).toBeGreaterThan(0);
  const batch = await runCli(["batch", folder, ...rest]);
  expect(JSON.parse(batch.stdout).slides).toMatchObject([{ outcome: "no tissue", objects: 0 }]);
  expect((await runCli(["segment", slide, ...rest, "--tissue", "none"])).status).toBe(2);
}, 60_000);
