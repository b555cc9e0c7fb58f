import { UnsupportedSlideError } from "../../errors.ts";
import type { ByteSource } from "../byte-source.ts";
import { MAX_DICOM_FRAMES } from "../limits.ts";
import { damagedDicom } from "./damaged.ts";
import { parseAttributes } from "./data-set.ts";
import { ElementReader } from "./element-reader.ts";
import type { DicomInstance } from "./instance.ts";
import { TAG } from "./names.ts";

/** The files that hold one picture: one, or a concatenation in its order. */
export type PictureFiles = readonly [DicomInstance, ...DicomInstance[]];

/** Which frame lies where in a picture: frames are counted over all of its files. */
export interface TileMap {
  readonly columns: number;
  readonly rows: number;
  /** By optical path: the frame of each tile, rows top to bottom; −1 where nothing is stored. */
  readonly paths: ReadonlyMap<string, Int32Array>;
  /** Focal planes that there are; the first is mapped. */
  readonly planes: number;
}

/** Finds which frame lies where. Throws CorruptSlideError, UnsupportedSlideError. */
export async function readTileMap(files: PictureFiles): Promise<TileMap> {
  const [first] = files;
  const columns = Math.ceil(first.matrix.width / first.tile.width);
  const rows = Math.ceil(first.matrix.height / first.tile.height);
  const tiles = columns * rows * first.opticalPaths.length;
  if (tiles > MAX_DICOM_FRAMES) {
    throw damagedDicom(first.source.path, `it claims ${tiles} tiles in all of its optical paths`);
  }
  return first.tiledFull ? fullMap(files, columns, rows) : await sparseMap(files, columns, rows);
}

/** Identifiers of a file's optical paths, in their order. */
export function pathIds(instance: DicomInstance): readonly string[] {
  return instance.opticalPaths.map(({ id }) => id);
}

/** PS3.3 C.7.6.17.3: along the row, down, through the focal planes, then the next optical path. */
function fullMap(files: PictureFiles, columns: number, rows: number): TileMap {
  const [first] = files;
  const tiles = columns * rows;
  const ids = pathIds(first);
  const frames = files.reduce((sum, file) => sum + file.frames, 0);
  const planes = first.focalPlanes ?? Math.max(1, Math.floor(frames / (tiles * ids.length)));
  if (frames < tiles * planes * ids.length) {
    throw damagedDicom(
      first.source.path,
      `it holds ${frames} frames where ${columns}×${rows} tiles, ${planes} focal planes and ${ids.length} optical paths ask for ${tiles * planes * ids.length}`,
    );
  }
  const paths = new Map<string, Int32Array>();
  for (const [index, id] of ids.entries()) {
    const start = index * planes * tiles;
    paths.set(
      id,
      Int32Array.from({ length: tiles }, (_, tile) => start + tile),
    );
  }
  return { columns, rows, paths, planes };
}

/** Positions as each frame's own item says them (1-based, of its upper left pixel). */
async function sparseMap(files: PictureFiles, columns: number, rows: number): Promise<TileMap> {
  const layers = new Map<string, SparseLayer>();
  let firstFrame = 0;
  for (const file of files) {
    const { source, tile } = file;
    const ids = pathIds(file);
    const fallback = sharedPath(file);
    let frame = 0;
    for await (const position of framePositions(source, file)) {
      const [left, top] = [position.column - 1, position.row - 1];
      if (left % tile.width !== 0 || top % tile.height !== 0) {
        throw new UnsupportedSlideError(
          `${source.path}: frame ${frame + 1} lies at ${left},${top} px, off the grid of ${tile.width}×${tile.height} px tiles; frames that overlap are not read.`,
          { path: source.path, frame: frame + 1 },
        );
      }
      const [column, row] = [left / tile.width, top / tile.height];
      if (column < 0 || row < 0 || column >= columns || row >= rows) {
        throw damagedDicom(
          source.path,
          `frame ${frame + 1} lies at ${left},${top} px, outside of the picture`,
        );
      }
      // A file of one optical path may call it by two names.
      const id = ids.length === 1 ? ids[0]! : (position.path ?? fallback);
      if (!ids.includes(id)) {
        throw damagedDicom(
          source.path,
          `frame ${frame + 1} is of the optical path ${id}; it has ${ids.join(", ")}`,
        );
      }
      const layer = layers.get(id) ?? emptyLayer(columns * rows);
      layers.set(id, layer);
      placeFrame(layer, row * columns + column, firstFrame + frame, position.z);
      frame++;
    }
    if (frame < file.frames) {
      throw damagedDicom(
        source.path,
        `it says of ${frame} of its ${file.frames} frames where they lie`,
      );
    }
    firstFrame += file.frames;
  }
  const paths = new Map([...layers].map(([id, layer]) => [id, layer.frames]));
  const planes = Math.max(1, ...[...layers.values()].map((layer) => layer.planes));
  return { columns, rows, paths, planes };
}

/** One optical path while it is read: of several planes of a tile the lowest counts. */
interface SparseLayer {
  readonly frames: Int32Array;
  /** Height of the frame over the slide, µm; infinite where it does not say. */
  readonly heights: Float32Array;
  /** Frames that lie there. */
  readonly depths: Uint16Array;
  planes: number;
}

function emptyLayer(tiles: number): SparseLayer {
  return {
    frames: new Int32Array(tiles).fill(-1),
    heights: new Float32Array(tiles),
    depths: new Uint16Array(tiles),
    planes: 1,
  };
}

/** The plane nearest to the glass is kept, as TILED_FULL has it first. */
function placeFrame(layer: SparseLayer, at: number, frame: number, z: number | null): void {
  const height = z ?? Number.POSITIVE_INFINITY;
  if (layer.frames[at] === -1 || height < layer.heights[at]!) {
    layer.frames[at] = frame;
    layer.heights[at] = height;
  }
  layer.depths[at]!++;
  layer.planes = Math.max(layer.planes, layer.depths[at]!);
}

interface FramePosition {
  readonly column: number;
  readonly row: number;
  readonly z: number | null;
  /** null where the frame does not name its optical path. */
  readonly path: string | null;
}

async function* framePositions(
  source: ByteSource,
  file: DicomInstance,
): AsyncGenerator<FramePosition> {
  const { perFrame, explicit } = file.header;
  if (!perFrame) return;
  const reader = new ElementReader(source, perFrame.offset);
  let frame = 0;
  for await (const item of reader.items(perFrame, explicit)) {
    if (++frame > file.frames) return;
    if (item.length > MAX_ITEM_BYTES) {
      throw damagedDicom(source.path, `what it says of frame ${frame} takes ${item.length} bytes`);
    }
    const bytes = await reader.bytes(item.offset, item.length);
    const attributes = parseAttributes(source, bytes, explicit);
    const plane = attributes.item(TAG.planePositionSlide);
    const [column, row] = [plane.integer(TAG.columnPosition), plane.integer(TAG.rowPosition)];
    if (column === null || row === null) {
      throw damagedDicom(source.path, `it does not say where frame ${frame} lies`);
    }
    const id = attributes.item(TAG.opticalPathIdentification).text(TAG.opticalPathIdentifier);
    yield { column, row, z: plane.decimal(TAG.zOffset), path: id === "" ? null : id };
  }
}

/** One frame's functional groups take a few hundred bytes. */
const MAX_ITEM_BYTES = 2 ** 16;

function sharedPath(file: DicomInstance): string {
  const shared = file.header.attributes.item(TAG.sharedFunctionalGroups);
  const id = shared.item(TAG.opticalPathIdentification).text(TAG.opticalPathIdentifier);
  return id === "" ? pathIds(file)[0]! : id;
}
