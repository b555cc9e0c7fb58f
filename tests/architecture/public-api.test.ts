import { expect, it } from "vitest";
import * as api from "../../src/index.ts";

it("the public API has these names, and loses none unnoticed", () => {
  expect(Object.keys(api).sort()).toEqual([
    "ERROR_TABLE",
    "MicrotomeError",
    "TASKS",
    "evaluateDataset",
    "listModels",
    "loadModel",
    "openSlide",
    "planSlide",
    "readGeoJsonPolygons",
    "readRunRecord",
    "readScaled",
    "scoreGeoJson",
    "scoreLabelImages",
    "segmentSlide",
    "selectScale",
    "startServer",
  ]);
});
