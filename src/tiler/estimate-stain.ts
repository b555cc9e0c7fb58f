import type { Box } from "../geometry.ts";
import type { StainEstimate, StainMethod, Triple } from "../stain.ts";
import { estimateMacenko } from "./estimate-macenko.ts";
import { estimateReinhard } from "./estimate-reinhard.ts";
import type { Level, RgbImage, Slide } from "./slide.ts";
import type { FoundTissue } from "./tissue.ts";

/** A pixel of the level that is looked at is at most this large, µm: nuclei are still apart. */
const COARSEST_UM = 2;

/** Where µm/px is unknown, a level up to this downsample is looked at. */
const COARSEST_DOWNSAMPLE = 4;

/** Side of a block that is read, level px. */
const BLOCK = 256;

/** Most blocks that are read: spread evenly over the tissue. */
const MOST_BLOCKS = 24;

/** Most pixels that are looked at. */
const MOST_PIXELS = 2 ** 18;

/** Light through bare glass where none is to be seen: Macenko's and Veta's value. */
const USUAL_WHITE: Triple = [240, 240, 240];

/**
 * Estimates a slide's stains once, from its tissue on a low level; or says in a few words why they
 * cannot be. The same slide gives the same estimate. Throws CorruptSlideError.
 */
export async function estimateStain(
  slide: Slide,
  tissue: FoundTissue,
  method: StainMethod,
): Promise<StainEstimate | string> {
  const pixels = await tissuePixels(slide, tissue);
  if (method === "reinhard") return estimateReinhard(pixels);
  return estimateMacenko(pixels, tissue.glass ?? USUAL_WHITE);
}

/** RGB of tissue pixels, evenly taken from blocks that are evenly spread. */
async function tissuePixels(slide: Slide, tissue: FoundTissue): Promise<Uint8Array> {
  const level = chooseLevel(slide);
  const blocks = tissueBlocks(level, tissue);
  const step = Math.max(1, blocks.length / MOST_BLOCKS);
  const chosen = Array.from(
    { length: Math.min(blocks.length, MOST_BLOCKS) },
    (_, i) => blocks[Math.floor(i * step)]!,
  );
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const box of chosen) {
    const part = tissueOnly(await slide.readRegion(level.index, box), box, level, tissue);
    parts.push(part);
    length += part.length;
  }
  return thinned(parts, length);
}

function chooseLevel(slide: Slide): Level {
  const mpp = slide.mpp && (slide.mpp.x + slide.mpp.y) / 2;
  const most = mpp ? COARSEST_UM / mpp : COARSEST_DOWNSAMPLE;
  return slide.levels.findLast((level) => level.downsample <= most) ?? slide.levels[0]!;
}

/** Blocks of a level that hold tissue, row by row, level px. */
function tissueBlocks({ size }: Level, tissue: FoundTissue): Box[] {
  const columns = Math.ceil(size.width / BLOCK);
  const rows = Math.ceil(size.height / BLOCK);
  const { width, height, tight } = tissue;
  const holds = new Set<number>();
  for (let y = 0; y < height; y++) {
    const row = Math.min(rows - 1, Math.floor((((y + 0.5) / height) * size.height) / BLOCK));
    for (let x = 0; x < width; x++) {
      if (tight[y * width + x] !== 1) continue;
      const column = Math.min(columns - 1, Math.floor((((x + 0.5) / width) * size.width) / BLOCK));
      holds.add(row * columns + column);
    }
  }
  return [...holds]
    .sort((a, b) => a - b)
    .map((index) => {
      const x = (index % columns) * BLOCK;
      const y = Math.floor(index / columns) * BLOCK;
      const [right, bottom] = [Math.min(size.width, x + BLOCK), Math.min(size.height, y + BLOCK)];
      return { x, y, width: right - x, height: bottom - y };
    });
}

/** The pixels of a block that lie in cells of tissue. */
function tissueOnly(image: RgbImage, box: Box, { size }: Level, tissue: FoundTissue): Uint8Array {
  const { width, height, tight } = tissue;
  const kept = new Uint8Array(image.data.length);
  let length = 0;
  for (let y = 0, p = 0; y < box.height; y++) {
    const row = Math.floor(((box.y + y + 0.5) / size.height) * height) * width;
    for (let x = 0; x < box.width; x++, p += 3) {
      if (tight[row + Math.floor(((box.x + x + 0.5) / size.width) * width)] !== 1) continue;
      const [red, green, blue] = [image.data[p]!, image.data[p + 1]!, image.data[p + 2]!];
      if (isPen(red, green, blue)) continue;
      kept[length] = red;
      kept[length + 1] = green;
      kept[length + 2] = blue;
      length += 3;
    }
  }
  return kept.subarray(0, length);
}

/** Ink over tissue: greener than red, or red alone; neither is hematoxylin, eosin or DAB. */
function isPen(red: number, green: number, blue: number): boolean {
  return green - red > 25 || (red > 120 && green < 60 && blue < 60);
}

/** Every so many-th pixel of the parts, MOST_PIXELS at most. */
function thinned(parts: readonly Uint8Array[], length: number): Uint8Array {
  const step = Math.max(1, Math.ceil(length / 3 / MOST_PIXELS)) * 3;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  if (step === 3) return all;
  const out = new Uint8Array(Math.ceil(length / step) * 3);
  for (let p = 0, o = 0; p < length; p += step, o += 3) out.set(all.subarray(p, p + 3), o);
  return out;
}
