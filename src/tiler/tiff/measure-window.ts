import { percentileWindow } from "../channels.ts";
import type { ChannelWindow } from "../slide.ts";
import { type ChannelPlane, readChannels } from "./channel-level.ts";
import type { Tiff } from "./structure.ts";

/** Pixels read and values sorted for a window, at most (but for a single block that is larger). */
const MOST_PIXELS = 2 ** 22;
const MOST_VALUES = 2 ** 20;

/**
 * The window that a channel is shown with: all of 0..255 for unsigned 8-bit samples, else the 0.1st to
 * 99.9th percentile of its coarsest level. Of a level of more than 2^22 px every n-th block is read, and of their
 * pixels 2^20 at most.
 */
export async function measureWindow(tiff: Tiff, coarsest: ChannelPlane): Promise<ChannelWindow> {
  const { image } = coarsest;
  if (image.bits === 8 && image.sampleFormat === 1) return { low: 0, high: 255 };
  const blocks = image.columns * image.rows;
  const blockPixels = image.block.width * image.block.height;
  const step = Math.ceil((blocks * blockPixels) / MOST_PIXELS);
  const pixels = Math.ceil(blocks / step) * blockPixels;
  const stride = Math.ceil(pixels / MOST_VALUES);
  const values: number[] = [];
  for (let at = 0; at < blocks; at += step) {
    const [column, row] = [at % image.columns, Math.floor(at / image.columns)];
    const samples = (await readChannels(tiff, [coarsest], column, row))[0];
    if (!samples) continue;
    const width = Math.min(image.block.width, image.size.width - column * image.block.width);
    const height = Math.min(image.block.height, image.size.height - row * image.block.height);
    for (let i = 0; i < width * height; i += stride) {
      const [x, y] = [i % width, Math.floor(i / width)];
      const value = samples.data[samples.first + (y * samples.width + x) * samples.step]!;
      if (Number.isFinite(value)) values.push(value);
    }
  }
  return percentileWindow(Float64Array.from(values));
}
