import { chooseChannel, nameChannels, type StatedChannel } from "../channels.ts";
import type { LevelSource } from "../level-source.ts";
import { MAX_CHANNELS } from "../limits.ts";
import type { ChannelWindow, OpenOptions, SlideChannels } from "../slide.ts";
import { type ChannelPlane, channelLevel, openChannelPlane } from "../tiff/channel-level.ts";
import type { TiffImage } from "../tiff/image.ts";
import { measureWindow } from "../tiff/measure-window.ts";
import type { Tiff } from "../tiff/structure.ts";

/** A channel as a format finds it: what is said of it, and the picture and sample of each level, finest first. */
export interface FoundChannel extends StatedChannel {
  readonly levels: readonly TiffImage[];
  readonly sample: number;
}

const WHITE = [255, 255, 255] as const;

/**
 * Levels that show one channel as grey, or all in their colours. Only levels that every channel has in
 * the same size and blocks count. Throws `usage`, UnsupportedSlideError, CorruptSlideError.
 */
export async function openChannels(
  tiff: Tiff,
  found: readonly FoundChannel[],
  options: OpenOptions,
): Promise<{ readonly levels: readonly LevelSource[]; readonly channels: SlideChannels }> {
  if (found.length > MAX_CHANNELS) {
    throw tiff.corrupt(`it claims ${found.length} channels, more than ${MAX_CHANNELS}`);
  }
  const named = nameChannels(found);
  const shown = chooseChannel(tiff.source.path, named, options.channel);
  const chosen = shown === "composite" ? named.map((_, i) => i) : [shown];
  const count = commonLevels(tiff, found);
  const planes: ChannelPlane[][] = [];
  for (const { levels, sample } of found.filter((_, i) => chosen.includes(i))) {
    const opened: ChannelPlane[] = [];
    for (const image of levels.slice(0, count)) {
      opened.push(await openChannelPlane(tiff, image, sample));
    }
    planes.push(opened);
  }
  const windows: ChannelWindow[] = [];
  for (const opened of planes) windows.push(await measureWindow(tiff, opened.at(-1)!));
  const looks = chosen.map((index, i) => ({
    color: shown === "composite" ? named[index]!.color : WHITE,
    window: windows[i]!,
  }));
  const levels = Array.from({ length: count }, (_, level) =>
    channelLevel(
      tiff,
      planes.map((opened) => opened[level]!),
      looks,
    ),
  );
  const all = named.map((channel, index) => ({
    ...channel,
    window: windows[chosen.indexOf(index)] ?? null,
  }));
  return { levels, channels: { all, shown } };
}

/** How many levels all channels share. */
function commonLevels(tiff: Tiff, found: readonly FoundChannel[]): number {
  const first = found[0]!.levels;
  const differs = first.findIndex((image, level) =>
    found.some(({ levels }) => {
      const other = levels[level];
      return (
        other?.size.width !== image.size.width ||
        other.size.height !== image.size.height ||
        other.block.width !== image.block.width ||
        other.block.height !== image.block.height
      );
    }),
  );
  if (differs === 0) throw tiff.corrupt("its channels differ in size or in how they are tiled");
  return differs < 0 ? first.length : differs;
}
