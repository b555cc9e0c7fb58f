import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { planSlide } from "../../src/pipeline/segment-slide.ts";
import { profiledTiff } from "../../src/tiler/color/profiled-tiff.ts";
import { PROFILES } from "../tiler/color/profiles.ts";
import { busy, paint, rgb, scratchFolder } from "../tiler/write-slides.ts";

const folder = scratchFolder();
const image = { data: paint(96, 96, busy), width: 96, height: 96 };

/** The parameters and notices of a run over a slide of 0.25 µm/px. */
async function plan(slide: string, icc: boolean) {
  const notices: string[] = [];
  const onNotice = (text: string) => notices.push(text);
  const request = { slide, icc, task: "nuclei", out: folder, mpp: 0.25, onNotice };
  return { parameters: (await planSlide(request)).plan.parameters, notices };
}

test("a run's parameters, and so its key, say by which profile colours were converted", async () => {
  const path = join(folder, "profiled.tif");
  const { icc, description } = PROFILES.matrix!;
  await writeFile(path, profiledTiff(image, icc));
  const sha256 = createHash("sha256").update(icc).digest("hex");
  expect((await plan(path, true)).parameters.icc).toEqual({ description, sha256 });
  const { parameters } = await plan(path, false);
  expect(parameters).toMatchObject({ icc: null, backend: "native" });
});

test("a slide without a profile is taken as it is, and that is said", async () => {
  const path = join(folder, "bare.png");
  await rgb(image.data, 96, 96).toFile(path);
  const { parameters, notices } = await plan(path, true);
  expect(parameters.icc).toBeNull();
  expect(notices).toContainEqual(expect.stringContaining("no ICC profile"));
});

test("a damaged profile ends a run that asks for it before anything is written", async () => {
  const path = join(folder, "damaged.tif");
  await writeFile(path, profiledTiff(image, PROFILES.matrix!.icc.slice(0, 200)));
  await expect(plan(path, true)).rejects.toMatchObject({ code: "corrupt-slide" });
  expect((await plan(path, false)).parameters.icc).toBeNull();
});
