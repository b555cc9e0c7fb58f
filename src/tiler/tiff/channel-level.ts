import { type ChannelSamples, composeChannels, type ShownChannel } from "../compose-channels.ts";
import { type LevelSource, VIRTUAL_TILE } from "../level-source.ts";
import { type BlockIndex, readBlockIndex, type TiffImage } from "./image.ts";
import { readSamples } from "./level.ts";
import { requireSamples } from "./require-decodable.ts";
import type { Tiff } from "./structure.ts";

/** Where a channel lies on one level: a sample of a directory's pixels. */
export interface ChannelPlane {
  readonly image: TiffImage;
  readonly index: BlockIndex;
  readonly sample: number;
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
      return composeChannels(samples, shown, {
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
