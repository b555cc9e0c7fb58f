import { MicrotomeError } from "../errors.ts";
import type { Mpp, OpenOptions } from "./slide.ts";
import { TAG } from "./tiff/names.ts";
import type { Tiff, TiffDirectory } from "./tiff/structure.ts";

/** µm/px of microscopes: outside of this a TIFF resolution is a printer's or a screen's. */
const PLAUSIBLE = { least: 0.05, most: 20 } as const;

/** µm in the units of the ResolutionUnit tag; 1 (no unit) says nothing. */
const UNIT_MICRONS: Readonly<Record<number, number>> = { 2: 25_400, 3: 10_000 };

/**
 * The µm/px of level 0: the override, else what the vendor says, else the TIFF resolution, else null.
 *
 * Throws `usage` for an override that is no length.
 */
export function decideMpp(
  options: OpenOptions,
  vendor: { readonly x: number; readonly y: number } | null,
  tiff: { readonly x: number; readonly y: number } | null,
): Mpp | null {
  if (options.mpp !== undefined) {
    if (!(options.mpp > 0 && Number.isFinite(options.mpp))) {
      throw new MicrotomeError(
        "usage",
        `--mpp ${options.mpp} is no pixel size; expected µm per level-0 pixel, e.g. 0.25.`,
        { mpp: options.mpp },
      );
    }
    return { x: options.mpp, y: options.mpp, source: "override" };
  }
  if (vendor && isLength(vendor.x) && isLength(vendor.y)) return { ...vendor, source: "vendor" };
  if (tiff) return { ...tiff, source: "tiff-resolution" };
  return null;
}

/** µm/px by the resolution tags, or null where they are absent, have no unit, or are no microscope's. */
export async function tiffResolution(
  tiff: Tiff,
  directory: TiffDirectory,
): Promise<{ readonly x: number; readonly y: number } | null> {
  const unit = await tiff.number(directory, TAG.resolutionUnit, 2);
  const microns = UNIT_MICRONS[unit];
  if (microns === undefined) return null;
  const x = microns / (await tiff.number(directory, TAG.xResolution, 0));
  const y = microns / (await tiff.number(directory, TAG.yResolution, 0));
  return plausibleResolution({ x, y });
}

/** A µm/px as given, or null where it is no microscope's. */
export function plausibleResolution(size: { readonly x: number; readonly y: number }) {
  return isPlausible(size.x) && isPlausible(size.y) ? size : null;
}

/** A number as scanners write it ("0.499", "0,499"), or null for anything else. */
export function parseDecimal(text: string | undefined): number | null {
  const trimmed = text?.trim().replace(",", ".") ?? "";
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return null;
  return Number(trimmed);
}

function isPlausible(value: number): boolean {
  return value >= PLAUSIBLE.least && value <= PLAUSIBLE.most;
}

function isLength(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
