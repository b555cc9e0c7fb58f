import type { ExportFormat } from "./format.ts";
import { LABEL_TIFF, OME_ZARR } from "./labels/formats.ts";
import { QUPATH } from "./qupath.ts";

/** Every format that `microtome export` writes, in the order in which help lists them. */
export const EXPORT_FORMATS: readonly ExportFormat[] = [QUPATH, LABEL_TIFF, OME_ZARR];

/** The format of a name or alias, or undefined. */
export function formatNamed(name: string): ExportFormat | undefined {
  return EXPORT_FORMATS.find(({ names }) => names.includes(name));
}
