import type { ExportedFile, ExportFormat, ExportSubject, ExportTarget } from "../format.ts";
import { writeLabelTable } from "./label-table.ts";
import { writeLabelTiff } from "./label-tiff.ts";
import { writeLabelZarr } from "./label-zarr.ts";

/** Objects as numbered pixels, for image analysis. */
export const LABEL_TIFF: ExportFormat = {
  names: ["label-tiff"],
  endings: [".ome.tif", ".ome.tiff"],
  summary:
    "label mask: pyramidal OME-TIFF, 32-bit labels; FILE.ome.tif.csv says which object a label is",
  splits: false,
  takes: ["mpp"],
  async write(subject, target) {
    const { bytes } = await writeLabelTiff(subject.objects, imageOptions(subject, target));
    const table = await writeTable(subject, target);
    return [{ path: target.path, bytes, objects: subject.objects.count }, table];
  },
};

/** The same as chunks in a folder. */
export const OME_ZARR: ExportFormat = {
  names: ["ome-zarr"],
  endings: [".ome.zarr", ".zarr"],
  summary:
    "label mask: OME-Zarr 0.4 labels (a folder); FILE.ome.zarr.csv says which object a label is",
  splits: false,
  takes: ["mpp"],
  async write(subject, target) {
    const { objectName } = subject.task;
    const options = { ...imageOptions(subject, target), objectName };
    const { bytes } = await writeLabelZarr(subject.objects, options);
    const table = await writeTable(subject, target);
    return [{ path: target.path, bytes, objects: subject.objects.count }, table];
  },
};

async function writeTable({ objects, task }: ExportSubject, target: ExportTarget) {
  const path = `${target.path}.csv`;
  const bytes = await writeLabelTable(path, objects, task.objectName);
  return { path, bytes, objects: 0, beside: true } satisfies ExportedFile;
}

function imageOptions({ slide, task, model, provenance }: ExportSubject, target: ExportTarget) {
  const { width, height, mpp, gridMpp } = slide;
  const asked = target.mpp ?? gridMpp;
  return {
    path: target.path,
    slide: { size: { width, height }, mpp },
    mpp: asked === "slide" ? mpp : asked,
    facts: { task: task.name, model, ...provenance },
  };
}
