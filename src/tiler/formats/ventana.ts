import { BlockCache } from "../../block-cache.ts";
import { UnsupportedSlideError } from "../../errors.ts";
import type { Size } from "../../geometry.ts";
import { makeBlockedSlide } from "../blocked-slide.ts";
import { ComposedLevel, type Part } from "../composed-level.ts";
import type { LevelSource } from "../level-source.ts";
import { COMPOSED_CACHE_BYTES, MAX_CANVAS_PIXELS, MAX_PARTS, MAX_SIDE } from "../limits.ts";
import { decideMpp, parseDecimal, tiffResolution } from "../resolution.ts";
import type { RgbImage } from "../slide.ts";
import { readIccTag } from "../tiff/icc-tag.ts";
import { readTiffImage, type TiffImage } from "../tiff/image.ts";
import { openTiffLevel } from "../tiff/level.ts";
import { TAG } from "../tiff/names.ts";
import type { Tiff } from "../tiff/structure.ts";
import type { SlideFormat } from "./format.ts";
import { evenLayout, joinedLayout, type Layout } from "./ventana-layout.ts";
import { notUnderstood, parseEncodeInfo, parseScan, type ScanArea } from "./ventana-xml.ts";

/** Names of the directories that are no level, by their description. */
const ASIDE: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^label[ _]image/i, "macro"],
  [/^thumbnail/i, "thumbnail"],
  [/^probability/i, "probability"],
];

/**
 * Ventana (Roche) BIF: directories described as "level=N mag=M", whose tiles are overlapping camera
 * frames placed by the EncodeInfo of level 0. Sources: https://openslide.org/formats/ventana/ and what
 * OpenSlide 4.0.1 makes of written files; for the DP series, Roche's BIF image file format 1.0 (2020)
 * as told by https://github.com/WSILabs/opentile-go (docs/formats/bif.md).
 */
export const ventana: SlideFormat = {
  name: "Ventana BIF",
  vendor: "ventana",
  detect: (probe) => probe.tiff !== null && probe.xmp.includes("<iScan"),
  async open(probe, options) {
    const tiff = probe.tiff!;
    const scan = parseScan(tiff, probe.xmp);
    if (!scan) throw tiff.corrupt("its Ventana XML has no iScan element");
    const { pictures, associated } = await sortDirectories(tiff);
    const first = pictures[0]?.image;
    if (!first) throw tiff.corrupt("it says Ventana, but no directory is described as level=0");
    const areas = parseEncodeInfo(tiff, await tiff.text(first.directory, TAG.xmp));
    const modern = /^VENTANA DP/i.test(scan.scannerModel);
    const layout = areas && layOut(tiff, first, areas, modern);
    const cache = new BlockCache<RgbImage>(COMPOSED_CACHE_BYTES);
    const levels: LevelSource[] = [];
    for (const { image, magnification } of pictures) {
      const downsample = Math.round(pictures[0]!.magnification / magnification);
      const source = await openTiffLevel(tiff, image);
      levels.push(layout ? placed(tiff, source, first, layout, downsample, modern, cache) : source);
    }
    const mpp = scan.scanRes === null ? null : { x: scan.scanRes, y: scan.scanRes };
    return makeBlockedSlide(
      probe.source,
      {
        vendor: this.vendor,
        mpp: decideMpp(options, mpp, await tiffResolution(tiff, first.directory)),
        objectivePower: scan.magnification,
        associated,
        iccProfile: await readIccTag(tiff, first.directory),
        levels,
      },
      options,
    );
  },
};

interface Picture {
  readonly image: TiffImage;
  readonly level: number;
  readonly magnification: number;
}

async function sortDirectories(
  tiff: Tiff,
): Promise<{ readonly pictures: readonly Picture[]; readonly associated: readonly string[] }> {
  const pictures: Picture[] = [];
  const names = new Set<string>();
  for (const directory of tiff.directories) {
    const description = (await tiff.text(directory, TAG.imageDescription)).trim();
    const found = /\blevel\s*=\s*(\d{1,3})\s+mag\s*=\s*([\d.,]+)/i.exec(description);
    if (!found) {
      const name = ASIDE.find(([pattern]) => pattern.test(description))?.[1];
      if (name) names.add(name);
      continue;
    }
    const magnification = parseDecimal(found[2]);
    if (!magnification)
      throw tiff.corrupt(`directory ${directory.index} has the magnification "${found[2]}"`);
    pictures.push({
      image: await readTiffImage(tiff, directory),
      level: Number(found[1]),
      magnification,
    });
  }
  pictures.sort((a, b) => a.level - b.level);
  pictures.forEach(({ level, magnification, image }, i) => {
    const coarser = i === 0 || magnification < pictures[i - 1]!.magnification;
    if (level === i && coarser && image.tiled) return;
    throw tiff.corrupt(
      `its levels are not tiled and numbered from 0, each coarser than the one before`,
    );
  });
  return { pictures, associated: [...names].sort() };
}

/** Where level 0's tiles lie; null where they abut from the corner on, as in any TIFF. */
function layOut(
  tiff: Tiff,
  image: TiffImage,
  areas: readonly ScanArea[],
  modern: boolean,
): Layout | null {
  const { block, columns, rows } = image;
  let total = 0;
  for (const area of areas) {
    total += area.columns * area.rows;
    if (area.tile.width !== block.width || area.tile.height !== block.height) {
      throw notUnderstood(
        tiff,
        `has tiles of ${area.tile.width}×${area.tile.height} px, its level 0 of ${block.width}×${block.height}`,
      );
    }
    const [column, row] = [area.origin.x / block.width, area.origin.y / block.height];
    const onGrid = Number.isInteger(column) && Number.isInteger(row) && column >= 0 && row >= 0;
    if (!onGrid || column + area.columns > columns || row + area.rows > rows) {
      throw notUnderstood(
        tiff,
        `has an area of ${area.columns}×${area.rows} tiles at ${area.origin.x},${area.origin.y} px, outside of the ${columns}×${rows} tiles stored`,
      );
    }
  }
  if (total > MAX_PARTS) {
    throw new UnsupportedSlideError(
      `${tiff.source.path} has ${total} tiles to place, more than the ${MAX_PARTS} that are held.`,
      { path: tiff.source.path, tiles: total },
    );
  }
  const layout = modern ? joinedLayout(areas, block) : evenLayout(areas, block);
  if (!layout) throw notUnderstood(tiff, "has no joints to tell the overlap of its tiles");
  const { width, height } = layout.size;
  const fits = width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE;
  if (!fits || width * height > MAX_CANVAS_PIXELS) {
    throw notUnderstood(tiff, `places tiles on ${width}×${height} px`);
  }
  const abut = layout.tiles.every(
    (t) => t.x === t.column * block.width && t.y === t.row * block.height,
  );
  return abut && width >= image.size.width && height >= image.size.height ? null : layout;
}

/** A level by level 0's layout. */
function placed(
  tiff: Tiff,
  source: LevelSource,
  first: TiffImage,
  layout: Layout,
  downsample: number,
  modern: boolean,
  cache: BlockCache<RgbImage>,
): LevelSource {
  const size: Size = {
    width: Math.ceil(layout.size.width / downsample),
    height: Math.ceil(layout.size.height / downsample),
  };
  // The DP series' coarser levels are made of the joined picture: their tiles abut.
  if (modern && downsample > 1) {
    if (source.size.width < size.width || source.size.height < size.height) {
      throw notUnderstood(
        tiff,
        `places tiles on ${layout.size.width}×${layout.size.height} px, which its coarser levels do not hold`,
      );
    }
    return { ...bound(source), size };
  }
  const { width, height } = first.block;
  const parts = layout.tiles.map((tile): Part => {
    const [x, y] = [
      Math.round((tile.column * width) / downsample),
      Math.round((tile.row * height) / downsample),
    ];
    const right = Math.min(source.size.width, Math.round(((tile.column + 1) * width) / downsample));
    const bottom = Math.min(source.size.height, Math.round(((tile.row + 1) * height) / downsample));
    return {
      source,
      from: { x, y, width: right - x, height: bottom - y },
      x: Math.round(tile.x / downsample),
      y: Math.round(tile.y / downsample),
    };
  });
  return new ComposedLevel(String(downsample), size, parts, cache);
}

/** A level's members by themselves, so that its size can be replaced. */
function bound(source: LevelSource): LevelSource {
  return {
    size: source.size,
    block: source.block,
    tileSize: source.tileSize,
    readBlock: (column, row) => source.readBlock(column, row),
    batches: source.batches,
    readRawTile: (column, row) => source.readRawTile(column, row),
  };
}
