import { CorruptSlideError } from "../../errors.ts";
import { composeChannels } from "../compose-channels.ts";
import { spliceJpeg } from "../jpeg.ts";
import type { LevelSource } from "../level-source.ts";
import type { ChannelColor, RgbImage } from "../slide.ts";
import { damagedDicom } from "./damaged.ts";
import { decodeFrame } from "./decode-frame.ts";
import { type FrameIndex, openFrameIndex } from "./frame-index.ts";
import type { DicomInstance } from "./instance.ts";
import { jpegPhotometric } from "./jpeg-colours.ts";
import { greyWindow, type Samples, samplesToRgb } from "./samples.ts";
import { type PictureFiles, readTileMap, type TileMap } from "./tile-map.ts";

/** One stored picture of a level: all of it, or some of its optical paths. */
export interface DicomPicture {
  readonly files: PictureFiles;
  readonly map: TileMap;
}

/** An optical path to show, and in which colour; null shows it as it is, grey or coloured. */
export interface ShownPath {
  readonly id: string;
  readonly color: ChannelColor | null;
}

/** Reads where a picture's frames lie. Throws CorruptSlideError, UnsupportedSlideError. */
export async function openPicture(files: PictureFiles): Promise<DicomPicture> {
  return { files, map: await readTileMap(files) };
}

/**
 * Makes a level of the pictures that hold its optical paths.
 *
 * Several paths are laid over one another, each in its colour, as light adds up. Throws
 * CorruptSlideError.
 */
export async function openDicomLevel(
  pictures: readonly DicomPicture[],
  shown: readonly ShownPath[],
): Promise<LevelSource> {
  const layers: Layer[] = [];
  for (const { id, color } of shown) {
    const picture = pictures.find(({ map }) => map.paths.has(id));
    if (picture) layers.push(await openLayer(picture, id, color));
  }
  const [first] = pictures[0]!.files;
  const [only] = layers;
  if (!only) {
    const ids = shown.map(({ id }) => id).join(", ");
    throw damagedDicom(first.source.path, `it does not hold the optical path ${ids} of the slide`);
  }
  return {
    size: first.matrix,
    block: first.tile,
    tileSize: first.tile,
    readBlock: (column, row) => readBlock(layers, column, row),
    readRawTile: async (column, row) =>
      layers.length === 1 && isPassable(only) ? readRawTile(only, column, row) : null,
  };
}

interface Layer {
  readonly color: ShownPath["color"];
  readonly columns: number;
  readonly tiles: Int32Array;
  /** Files in their order, and the first frame of each. */
  readonly files: readonly { readonly instance: DicomInstance; readonly index: FrameIndex }[];
}

async function openLayer(
  { files, map }: DicomPicture,
  id: string,
  color: ShownPath["color"],
): Promise<Layer> {
  const opened = [];
  for (const instance of files) opened.push({ instance, index: await openFrameIndex(instance) });
  return { color, columns: map.columns, tiles: map.paths.get(id)!, files: opened };
}

async function readBlock(
  layers: readonly Layer[],
  column: number,
  row: number,
): Promise<RgbImage | null> {
  const decoded = await Promise.all(layers.map((layer) => decodeTile(layer, column, row)));
  if (layers.length === 1) {
    const [only] = decoded;
    return only ? samplesToRgb(only.samples, only.instance.pixels) : null;
  }
  const found = decoded.filter((tile) => tile !== null);
  const [first] = found;
  if (!first) return null;
  return composeChannels(
    found.map(({ samples: { data, width, height } }) => ({
      data,
      first: 0,
      step: 1,
      width,
      height,
    })),
    found.map(({ color, instance }) => ({
      color: color ?? [255, 255, 255],
      window: greyWindow(instance.pixels),
    })),
    first.samples,
  );
}

interface DecodedTile {
  readonly samples: Samples;
  readonly instance: DicomInstance;
  readonly color: ShownPath["color"];
}

async function decodeTile(layer: Layer, column: number, row: number): Promise<DecodedTile | null> {
  const stored = await storedFrame(layer, column, row);
  if (!stored) return null;
  const { instance, bytes } = stored;
  try {
    return { samples: await decodeFrame(instance, bytes), instance, color: layer.color };
  } catch (cause) {
    const { path } = instance.source;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CorruptSlideError(
      `${path}: the frame of tile ${column},${row} cannot be decoded (${why}); copy the file again from where it came from.`,
      { path, column, row },
      cause,
    );
  }
}

/** Whether a browser sees the stored JPEG as it is meant to be seen. */
function isPassable({ files, color }: Layer): boolean {
  return (
    color === null &&
    files.every(({ instance: { codec, pixels } }) => {
      const asStored = pixels.window.black === 0 && pixels.window.white === 255;
      const grey = pixels.photometric === "MONOCHROME2" && asStored;
      return codec === "jpeg" && (pixels.samples === 3 || grey);
    })
  );
}

async function readRawTile(layer: Layer, column: number, row: number): Promise<Uint8Array | null> {
  const stored = await storedFrame(layer, column, row);
  if (!stored) return null;
  const { bytes, instance } = stored;
  return spliceJpeg(bytes, null, jpegPhotometric(bytes, instance.pixels));
}

async function storedFrame(
  { files, tiles, columns }: Layer,
  column: number,
  row: number,
): Promise<{ readonly bytes: Uint8Array; readonly instance: DicomInstance } | null> {
  if (column < 0 || row < 0 || column >= columns) return null;
  let frame = tiles[row * columns + column] ?? -1;
  if (frame < 0) return null;
  for (const { instance, index } of files) {
    if (frame < instance.frames) return { bytes: await index.read(frame), instance };
    frame -= instance.frames;
  }
  return null;
}
