import { CorruptSlideError } from "../../errors.ts";
import { makeBlockedSlide } from "../blocked-slide.ts";
import { type ByteSource, openFileSource } from "../byte-source.ts";
import { chooseChannel, nameChannels } from "../channels.ts";
import { isDicom } from "../dicom/data-set.ts";
import { type DicomInstance, type OpticalPath, readInstance } from "../dicom/instance.ts";
import { type DicomPicture, openDicomLevel, type ShownPath } from "../dicom/level.ts";
import { type DicomLevel, groupLevels } from "../dicom/pyramid.ts";
import { greyWindow } from "../dicom/samples.ts";
import { type DicomSeries, seriesOfFile, seriesOfFolder } from "../dicom/series.ts";
import { decideMpp } from "../resolution.ts";
import type { OpenOptions, Slide, SlideChannels } from "../slide.ts";
import type { SlideFormat } from "./format.ts";

const VENDOR = "dicom";

/**
 * DICOM VL Whole Slide Microscopy: a file a level (or several, concatenated), found by their common
 * series in one folder. PS3.3 A.32.8 and C.8.12.
 */
export const dicom: SlideFormat = {
  name: "DICOM",
  vendor: VENDOR,
  detect: (probe) => isDicom(probe.head),
  async open({ source }, options) {
    const series = await seriesOfFile(source);
    return openSeries(source.path, series, options, source);
  },
};

/** Opens the one DICOM slide that a folder holds. Throws UnsupportedSlideError, CorruptSlideError. */
export async function openDicomFolder(folder: string, options: OpenOptions): Promise<Slide> {
  return openSeries(folder, await seriesOfFolder(folder), options, null);
}

/** `named` is the file that was asked for, open already: where two hold one level, it is taken. */
async function openSeries(
  path: string,
  series: DicomSeries,
  options: OpenOptions,
  named: ByteSource | null,
): Promise<Slide> {
  const sources: ByteSource[] = [];
  try {
    const instances: DicomInstance[] = [];
    for (const volume of series.volumes) {
      const own = named !== null && volume === named.path;
      const source = own ? named : await openFileSource(volume);
      if (!own) sources.push(source);
      instances.push(await readInstance(source));
    }
    const levels = await groupLevels(instances, named?.path ?? null);
    const finest = levels[0];
    if (!finest) throw new CorruptSlideError(`${path} holds no level.`, { path });
    const [first] = finest.pictures[0]!.files;
    const channels = findChannels(path, finest, options);
    const shown = shownPaths(finest.paths, channels);
    const opened = [];
    for (const level of levels) opened.push(await openDicomLevel(level.pictures, shown));
    return makeBlockedSlide(
      {
        path,
        close: async () => {
          await Promise.all([...sources, ...(named ? [named] : [])].map((one) => one.close()));
        },
      },
      {
        vendor: VENDOR,
        mpp: decideMpp(options, first.mpp, null),
        objectivePower: first.objectivePower,
        associated: [...series.associated, ...finest.unread],
        iccProfile: first.iccProfile,
        channels,
        levels: opened,
      },
      options,
    );
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()));
    throw error;
  }
}

/** Several grey optical paths are channels; null for one alone, or for pictures in colour. */
function findChannels(
  path: string,
  { paths, pictures }: DicomLevel,
  options: OpenOptions,
): SlideChannels | null {
  if (paths.length < 2 || pictures[0]!.files[0].pixels.samples !== 1) return null;
  const named = nameChannels(
    paths.map(({ id, description, color }) => ({ name: description || id, color })),
  );
  const shown = chooseChannel(path, named, options.channel);
  const all = named.map((channel) => {
    const holds = ({ map }: DicomPicture) => map.paths.has(paths[channel.index]!.id);
    const picture = pictures.find(holds);
    const isShown = shown === "composite" || shown === channel.index;
    return {
      ...channel,
      window: isShown && picture ? greyWindow(picture.files[0].pixels) : null,
    };
  });
  return { all, shown };
}

/** All channels in their colours, or one path as it is. */
function shownPaths(
  paths: readonly OpticalPath[],
  channels: SlideChannels | null,
): readonly ShownPath[] {
  if (channels?.shown === "composite") {
    return channels.all.map(({ index, color }) => ({ id: paths[index]!.id, color }));
  }
  return [{ id: paths[channels?.shown ?? 0]!.id, color: null }];
}
