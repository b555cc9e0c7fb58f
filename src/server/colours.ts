import { convertToSrgb } from "../tiler/color/convert-to-srgb.ts";
import type { Slide } from "../tiler/slide.ts";
import { HttpError } from "./http-error.ts";

/** A slide in the colours that a request asks for. */
export interface ColouredSlide {
  readonly shown: Slide;
  /** What tells its entity tags from those of the other colours. */
  readonly mark: string;
}

/**
 * The slide as `?icc=1` asks for it: in sRGB by its own ICC profile; else its colours as stored.
 *
 * Throws 400 for another value of `icc`, CorruptSlideError for a profile that cannot be used.
 */
export async function inColours(slide: Slide, query: URLSearchParams): Promise<ColouredSlide> {
  const icc = query.get("icc") ?? "0";
  if (icc === "0") return { shown: slide, mark: "" };
  if (icc === "1") return { shown: await convertToSrgb(slide), mark: "-icc" };
  throw new HttpError(400, "usage", `icc=${icc}: expected icc=1 for sRGB by the slide's profile.`);
}
