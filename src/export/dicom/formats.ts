import { MicrotomeError } from "../../errors.ts";
import type { DicomOrigin, DicomOriginLevel } from "../../tiler/dicom/origin.ts";
import type { ExportedFile, ExportSubject, ExportTarget } from "../format.ts";
import { writeAnnotations } from "./annotations.ts";
import { writeSegmentation } from "./segmentation.ts";

/** Writes the format `dicom-seg`. See {@link writeSegmentation}. */
export async function writeDicomSeg(
  subject: ExportSubject,
  target: ExportTarget,
): Promise<readonly ExportedFile[]> {
  const origin = requireOrigin(subject);
  const { slide } = subject;
  const asked = target.mpp === "slide" ? slide.mpp : (target.mpp ?? slide.gridMpp);
  const { bytes } = await writeSegmentation(subject.objects, {
    ...common(subject, target, origin),
    level: nearestLevel(origin, asked),
  });
  return [{ path: target.path, bytes, objects: subject.objects.count }];
}

/** Writes the format `dicom-ann`. See {@link writeAnnotations}. */
export async function writeDicomAnn(
  subject: ExportSubject,
  target: ExportTarget,
): Promise<readonly ExportedFile[]> {
  const origin = requireOrigin(subject);
  const { bytes, holes } = await writeAnnotations(subject.objects, common(subject, target, origin));
  const note = `${holes} of the objects have holes, which annotations cannot have: only their outer outlines are written`;
  return [
    {
      path: target.path,
      bytes,
      objects: subject.objects.count,
      ...(holes > 0 ? { note } : {}),
    },
  ];
}

function common(
  { slide, task, model }: ExportSubject,
  { path }: ExportTarget,
  origin: DicomOrigin,
) {
  const slideSize = { width: slide.width, height: slide.height };
  return { path, origin, slideSize, task, model, now: new Date() };
}

function requireOrigin({ origin, slide }: ExportSubject): DicomOrigin {
  if (origin) return origin;
  throw new MicrotomeError(
    "usage",
    `${slide.name}: DICOM files of objects refer to a DICOM slide; choose another format.`,
    { slide: slide.name },
  );
}

/** The level whose µm/px is nearest, by their ratio. */
function nearestLevel({ levels }: DicomOrigin, mpp: number): DicomOriginLevel {
  const distance = ({ spacing }: DicomOriginLevel) =>
    Math.abs(Math.log(((spacing.x + spacing.y) * 500) / mpp));
  return levels.reduce((best, level) => (distance(level) < distance(best) ? level : best));
}
