import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { MicrotomeError } from "../../errors.ts";
import type { Size } from "../../geometry.ts";
import type { InstanceSource } from "../../store/instance-source.ts";
import { VERSION } from "../../version.ts";
import { orUnwritable } from "../part-file.ts";
import { deflateTiles, ZLIB_LEVEL } from "./deflate-tiles.ts";
import { type GridSlide, type LabelGrid, labelGrid, requireLabels } from "./label-grid.ts";
import { labelTiles, levelSizes } from "./label-pyramid.ts";
import type { LabelFacts } from "./ome-xml.ts";

/** How to write labels as OME-Zarr. */
export interface LabelZarrOptions {
  /** A folder that does not exist, usually `.zarr`. */
  readonly path: string;
  readonly slide: GridSlide;
  /** µm per label px. */
  readonly mpp: number;
  /** What an object without a class is called. */
  readonly objectName: string;
  readonly facts: LabelFacts;
}

const SIDE = 512;
const NGFF = "0.4";

/** Labels whose id and class stand in `.zattrs` too: readers take the whole of it into memory. */
const MOST_PROPERTIES = 100_000;

/**
 * Writes objects as an OME-Zarr label image: NGFF 0.4 (Zarr 2), the folder's root being the
 * multiscale image and the label (`image-label`), so that viewers open it by itself or, moved there,
 * as `labels/NAME` of an image. Axes y and x in µm, chunks of 512 × 512 in zlib, empty ones left out.
 *
 * The folder is `<path>.part` until it is complete. Constant memory. Throws MicrotomeError
 * `output-unwritable`, also where `path` exists, and `usage` for an image or a number of objects that
 * is too large. Source: https://ngff.openmicroscopy.org/0.4/
 */
export async function writeLabelZarr(
  source: InstanceSource,
  { path, slide, mpp, objectName, facts }: LabelZarrOptions,
): Promise<{ readonly bytes: number; readonly size: Size; readonly levels: number }> {
  requireLabels(source.count);
  const grid = labelGrid(slide, mpp, SIDE);
  const sizes = levelSizes(grid, SIDE);
  await requireAbsent(path);
  const part = `${path}.part`;
  try {
    await rm(part, { recursive: true, force: true });
    await orUnwritable(path, mkdir(part));
    const folder = new ChunkFolder(part, path);
    await folder.writeJson(".zgroup", { zarr_format: 2 });
    for (const [level, size] of sizes.entries()) {
      await folder.writeJson(`${level}/.zarray`, arrayHeader(size));
    }
    for await (const tile of deflateTiles(labelTiles(source, grid, SIDE))) {
      await folder.write(`${tile.level}/${tile.row}/${tile.column}`, tile.bytes);
    }
    const properties =
      source.count <= MOST_PROPERTIES ? await labelProperties(source, objectName) : null;
    const name = basename(path).replace(/(\.ome)?\.zarr$/i, "");
    await folder.writeJson(".zattrs", attributes(name, grid, sizes.length, properties, facts));
    await orUnwritable(path, rename(part, path));
    return { bytes: folder.bytes, size: grid.size, levels: sizes.length };
  } catch (error) {
    await rm(part, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

/** Writes files below a folder, making the folders between. */
class ChunkFolder {
  readonly #root: string;
  readonly #path: string;
  readonly #made = new Set<string>();
  bytes = 0;

  /** @param path what errors name */
  constructor(root: string, path: string) {
    this.#root = root;
    this.#path = path;
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    await orUnwritable(this.#path, this.#put(name, bytes));
    this.bytes += bytes.length;
  }

  async #put(name: string, bytes: Uint8Array): Promise<void> {
    const below = name.slice(0, Math.max(0, name.lastIndexOf("/")));
    if (below !== "" && !this.#made.has(below)) {
      await mkdir(join(this.#root, below), { recursive: true });
      this.#made.add(below);
    }
    await writeFile(join(this.#root, name), bytes, { flag: "wx" });
  }

  async writeJson(name: string, value: object): Promise<void> {
    await this.write(name, Buffer.from(`${JSON.stringify(value, null, 1)}\n`, "utf8"));
  }
}

async function requireAbsent(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (!found) return;
  throw new MicrotomeError(
    "output-unwritable",
    `${path} exists already, and an OME-Zarr is a folder, which is not overwritten; remove it or give another path.`,
    { path },
  );
}

/** https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html */
function arrayHeader({ width, height }: Size): object {
  return {
    zarr_format: 2,
    shape: [height, width],
    chunks: [SIDE, SIDE],
    dtype: "<u4",
    compressor: { id: "zlib", level: ZLIB_LEVEL },
    fill_value: 0,
    filters: null,
    order: "C",
    dimension_separator: "/",
  };
}

interface LabelProperty {
  readonly "label-value": number;
  readonly id: string;
  readonly class: string;
}

async function labelProperties(
  source: InstanceSource,
  objectName: string,
): Promise<readonly LabelProperty[]> {
  const properties: LabelProperty[] = [];
  for await (const { id, classification } of source.all()) {
    properties.push({
      "label-value": properties.length + 1,
      id,
      class: classification ?? objectName,
    });
  }
  return properties;
}

function attributes(
  name: string,
  { mpp }: LabelGrid,
  levels: number,
  properties: readonly LabelProperty[] | null,
  facts: LabelFacts,
): object {
  const datasets = Array.from({ length: levels }, (_, level) => ({
    path: String(level),
    coordinateTransformations: [{ type: "scale", scale: [mpp * 2 ** level, mpp * 2 ** level] }],
  }));
  return {
    multiscales: [
      {
        version: NGFF,
        name,
        axes: ["y", "x"].map((axis) => ({ name: axis, type: "space", unit: "micrometer" })),
        datasets,
        // The upper left of four: the centre of pixel i is i × scale on every level.
        type: "nearest",
      },
    ],
    "image-label": { version: NGFF, ...(properties ? { properties } : {}) },
    microtome: { software: `microtome ${VERSION}`, notice: "for research use only", ...facts },
  };
}
