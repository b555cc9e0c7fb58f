/**
 * microtome as a library.
 *
 * ```ts
 * import { segmentSlide } from "microtome";
 *
 * const { record, folder } = await segmentSlide({ slide: "slide.svs", task: "nuclei", out: "out" });
 * console.log(record.counts.objects, folder);
 * ```
 *
 * For research use only.
 */
export type { ErrorCode, ErrorFields, ErrorRecord } from "./errors.ts";
export { ERROR_TABLE, MicrotomeError } from "./errors.ts";
export type { Figures } from "./evaluate/score.ts";
export { scoreGeoJson, scoreLabelImages } from "./evaluate/score.ts";
export { readGeoJsonPolygons } from "./export/geojson-read.ts";
export type { Box, Point, Polygon, Ring, Size } from "./geometry.ts";
export type { Instance } from "./merge/instance.ts";
export { evaluateDataset } from "./pipeline/evaluate-dataset.ts";
export type { SegmentSlideOptions } from "./pipeline/options.ts";
export type { ProgressEvent, ProgressListener, Stage } from "./pipeline/progress.ts";
export type { SegmentSlidePlan, SegmentSlideResult } from "./pipeline/segment-slide.ts";
export { planSlide, segmentSlide } from "./pipeline/segment-slide.ts";
export type { Scale, TaskName, TaskSpec } from "./scales/scale.ts";
export { selectScale } from "./scales/select-scale.ts";
export { TASKS } from "./scales/tasks.ts";
export type { PatchMask, Rle } from "./segment/mask.ts";
export type { ModelSpec } from "./segment/model.ts";
export { listModels, loadModel } from "./segment/registry.ts";
export { startServer } from "./server/start-server.ts";
export { readRunRecord } from "./store/run-folder.ts";
export type { RunRecord } from "./store/run-record.ts";
export { openSlide } from "./tiler/open-slide.ts";
export { readScaled } from "./tiler/read-scaled.ts";
export type { Level, Mpp, OpenOptions, RgbImage, Slide } from "./tiler/slide.ts";
