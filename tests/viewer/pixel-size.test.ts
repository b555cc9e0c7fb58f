import { describe, expect, test } from "vitest";
import { pixelSize } from "../../src/viewer/pixel-size.ts";

const tagged = { mpp: { x: 0.5, y: 0.5, source: "tiff-resolution" } };
const untagged = { mpp: null };
const run = (slide: number, source: string) => ({ mpp: { slide, source, used: 0.25 } });

describe("the size of a pixel", () => {
  test("nobody knows it", () => {
    expect(pixelSize(null, null)).toBeNull();
    expect(pixelSize(untagged, null)).toBeNull();
  });

  test("is the file's where no run is shown", () => {
    expect(pixelSize(tagged, null)).toEqual({
      mpp: 0.5,
      text: "0.5 µm/px",
      source: "the TIFF resolution tags",
    });
    const oblong = { mpp: { x: 0.25, y: 0.26, source: "vendor" } };
    expect(pixelSize(oblong, null)?.text).toBe("0.25 × 0.26 µm/px");
  });

  test("is the run's where the file says nothing", () => {
    expect(pixelSize(untagged, run(0.25, "override"))).toEqual({
      mpp: 0.25,
      text: "0.25 µm/px",
      source: "--mpp, given for the run",
    });
  });

  test("is the run's where the file says otherwise, and the page says so", () => {
    expect(pixelSize(tagged, run(0.25, "override"))).toEqual({
      mpp: 0.25,
      text: "0.25 µm/px",
      source: "--mpp, given for the run; the file says 0.5 µm/px",
    });
  });

  test("is the mean of a file whose pixels are oblong, as the run measured, without a word of it", () => {
    const oblong = { mpp: { x: 0.25, y: 0.26, source: "vendor" } };
    expect(pixelSize(oblong, run(0.255, "vendor"))).toEqual({
      mpp: 0.255,
      text: "0.255 µm/px",
      source: "the scanner's own tags",
    });
  });

  test.each([0, Number.NaN])("is the file's where the run says %f", (mpp) => {
    expect(pixelSize(tagged, run(mpp, "override"))?.mpp).toBe(0.5);
  });

  test("names a source that it has no words for as it is", () => {
    expect(pixelSize(untagged, run(0.25, "elsewhere"))?.source).toBe("elsewhere");
  });
});
