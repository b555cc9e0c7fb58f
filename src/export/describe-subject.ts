import { VERSION } from "../version.ts";
import type { ExportSubject } from "./format.ts";

/** What made the objects and in which frame they lie, for formats that have a place for such words. */
export function describeSubject({ task, slide, model, provenance }: ExportSubject) {
  return {
    software: `microtome ${VERSION}`,
    notice: "for research use only",
    task: task.name,
    model,
    coordinates: "level-0 pixels, x to the right, y down; no geographic reference",
    slide: slide.name,
    slideWidth: slide.width,
    slideHeight: slide.height,
    ...provenance,
  };
}
