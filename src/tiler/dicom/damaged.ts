import { CorruptSlideError } from "../../errors.ts";

/** The error of a DICOM file that contradicts itself; `what` is a clause. */
export function damagedDicom(path: string, what: string, cause?: unknown): CorruptSlideError {
  return new CorruptSlideError(
    `${path} is a damaged DICOM file: ${what}; copy it again from where it came from.`,
    { path },
    cause,
  );
}
