import { MicrotomeError, UnsupportedSlideError } from "../../errors.ts";
import type { OpenOptions, Slide } from "../slide.ts";
import { OpenSlideAbsentError, openWithOpenSlide } from "./open-openslide.ts";

/** That OpenSlide is not there, found out once and not for every file of a folder; by OPENSLIDE_PATH. */
const absences = new Map<string, OpenSlideAbsentError>();

/**
 * Opens with OpenSlide what our own formats refused as unsupported.
 *
 * Throws the refusal where OpenSlide does not read the file either, with what it says, or with how to
 * install it where it is not there.
 */
export async function openRefused(
  path: string,
  options: OpenOptions,
  refusal: UnsupportedSlideError,
): Promise<Slide> {
  const where = process.env.OPENSLIDE_PATH ?? "";
  try {
    const absent = absences.get(where);
    if (absent) throw absent;
    return await openWithOpenSlide(path, options);
  } catch (error) {
    if (!(error instanceof MicrotomeError) || error.code === "usage") throw error;
    // Of a file that is no slide at all, OpenSlide has nothing to add.
    const isSlide = refusal.fields.recognised !== false;
    if (error instanceof OpenSlideAbsentError) {
      absences.set(where, error);
      if (!isSlide) throw refusal;
      throw extended(refusal, `Or let OpenSlide read it: ${error.missing}.`);
    }
    throw isSlide
      ? extended(refusal, `OpenSlide was asked, too: ${error.message.replace(path, "it")}`)
      : refusal;
  }
}

function extended(refusal: UnsupportedSlideError, more: string): UnsupportedSlideError {
  return new UnsupportedSlideError(`${refusal.message} ${more}`, refusal.fields, refusal);
}
