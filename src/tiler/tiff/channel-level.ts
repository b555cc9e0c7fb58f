import { type LevelSource, VIRTUAL_TILE } from "../level-source.ts";
import type { ChannelColor, ChannelWindow, RgbImage } from "../slide.ts";
import { type BlockIndex, readBlockIndex, type TiffImage } from "./image.ts";
import { readSamples } from "./level.ts";
import { requireSamples } from "./require-decodable.ts";
import type { SampleArray } from "./samples.ts";
import type { Tiff } from "./structure.ts";

/** Where a channel lies on one level: a sample of a directory's pixels. */
export interface ChannelPlane {
  readonly image: TiffImage;
  readonly index: BlockIndex;
  readonly sample: number;
}

/** How a channel is shown. */
export interface ShownChannel {
  readonly color: ChannelColor;
  readonly window: ChannelWindow;
}

/** One channel's samples of a block: pixel i at `data[first + i * step]`. */
interface ChannelSamples {
  readonly data: SampleArray;
  readonly first: number;
  readonly step: number;
  readonly width: number;
  readonly height: number;
}

/** Finds a channel's blocks on a level. Throws UnsupportedSlideError, CorruptSlideError. */
export async function openChannelPlane(
  tiff: Tiff,
  image: TiffImage,
  sample: number,
): Promise<ChannelPlane> {
  requireSamples(tiff, image, "channels");
  return { image, index: await readBlockIndex(tiff, image), sample };
}

/**
 * A level whose pixels are made of channels, `planes[i]` shown as `shown[i]`: each value is windowed to
 * 0..1, times its colour, and the colours are added. Blocks that are not stored are black.
 */
export function channelLevel(
  tiff: Tiff,
  planes: readonly ChannelPlane[],
  shown: readonly ShownChannel[],
): LevelSource {
  const { image } = planes[0]!;
  const { size, block, tiled } = image;
  return {
    size,
    block,
    tileSize: tiled ? block : VIRTUAL_TILE,
    async readBlock(column, row) {
      const samples = await readChannels(tiff, planes, column, row);
      return compose(samples, shown, {
        width: Math.min(block.width, size.width - column * block.width),
        height: Math.min(block.height, size.height - row * block.height),
      });
    },
    readRawTile: async () => null,
  };
}

/** The samples of each plane's block, each directory decoded once; null where it is not stored. */
export async function readChannels(
  tiff: Tiff,
  planes: readonly ChannelPlane[],
  column: number,
  row: number,
): Promise<readonly (ChannelSamples | null)[]> {
  const decoded = new Map<TiffImage, ReturnType<typeof readSamples>>();
  return Promise.all(
    planes.map(async ({ image, index, sample }) => {
      const apart = image.planes > 1;
      const reading =
        (apart ? undefined : decoded.get(image)) ??
        readSamples(tiff, image, index, column, row, apart ? sample : undefined);
      decoded.set(image, reading);
      const samples = await reading;
      if (!samples) return null;
      const { data, perPixel: step, width, height } = samples;
      // A grey picture in a format of its own comes as RGB: its first sample is the grey.
      const first = apart || image.samples === 1 ? 0 : sample;
      return { data, first, step, width, height };
    }),
  );
}

function compose(
  samples: readonly (ChannelSamples | null)[],
  shown: readonly ShownChannel[],
  size: { readonly width: number; readonly height: number },
): RgbImage {
  const { width, height } = size;
  const data = new Uint8Array(width * height * 3);
  const layers = samples.flatMap((channel, i) => {
    const { color, window } = shown[i]!;
    return channel ? [{ channel, color, window, scale: 1 / (window.high - window.low) }] : [];
  });
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < width; x++, o += 3) {
      let [red, green, blue] = [0.5, 0.5, 0.5];
      for (const { channel, color, window, scale } of layers) {
        const value = channel.data[channel.first + (y * channel.width + x) * channel.step]!;
        const part = Math.min(1, Math.max(0, (value - window.low) * scale)) || 0;
        red += part * color[0];
        green += part * color[1];
        blue += part * color[2];
      }
      data[o] = Math.min(255, red);
      data[o + 1] = Math.min(255, green);
      data[o + 2] = Math.min(255, blue);
    }
  }
  return { data, width, height };
}
