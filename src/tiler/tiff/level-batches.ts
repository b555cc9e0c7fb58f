import { fetchRanges } from "../fetch-ranges.ts";
import { decodeJpegBatch, isBatchable, tilesPerBatch } from "../jpeg-batch.ts";
import type { BlockBatches, BlockPlace } from "../level-source.ts";
import type { RgbImage } from "../slide.ts";
import type { BlockIndex, TiffImage } from "./image.ts";
import { COMPRESSION, PHOTOMETRIC } from "./names.ts";
import type { Tiff } from "./structure.ts";

type ReadOne = (column: number, row: number) => Promise<RgbImage | null>;

/**
 * How the JPEG tiles of a level are decoded several at a time; undefined where they are not.
 *
 * `readOne` decodes what does not fit into a batch, and all of a batch that fails: its errors name
 * the tile.
 */
export function jpegTileBatches(
  tiff: Tiff,
  image: TiffImage,
  index: BlockIndex,
  readOne: ReadOne,
): BlockBatches | undefined {
  const { photometric, block } = image;
  const most = tilesPerBatch(block);
  const coloured = photometric === PHOTOMETRIC.rgb || photometric === PHOTOMETRIC.yCbCr;
  const jpeg = image.compression === COMPRESSION.jpeg && image.planes === 1;
  if (!image.tiled || !jpeg || !coloured || most < 2) return undefined;
  // A tile that claims more bytes than its pixels have is no tile to fetch along with others.
  const mostBytes = block.width * block.height * 3;
  const decode = async (places: readonly BlockPlace[]): Promise<(RgbImage | null)[]> => {
    const found: (RgbImage | null)[] = places.map(() => null);
    const stored = places.flatMap(({ column, row }, i) => {
      const at = row * image.columns + column;
      const [offset, length] = [index.offsets[at]!, index.counts[at]!];
      return length > 0 && length <= mostBytes ? [{ i, offset, length }] : [];
    });
    const bytes = await fetchRanges(tiff.source, stored);
    const fit = stored.flatMap(({ i }, k) =>
      isBatchable(bytes[k]!, block) ? [{ i, jpeg: bytes[k]! }] : [],
    );
    if (fit.length < 2) return found;
    const tiles = fit.map(({ jpeg }) => jpeg);
    const tables = index.jpegTables;
    const decoded = await decodeJpegBatch({ tiles, tile: block, tables, photometric });
    for (const [k, { i }] of fit.entries()) found[i] = decoded[k]!;
    return found;
  };
  return {
    most,
    read(places) {
      if (places.length < 2) return places.map(({ column, row }) => readOne(column, row));
      const batch = decode(places).catch(() => null);
      return places.map(async ({ column, row }, i) => (await batch)?.[i] ?? readOne(column, row));
    },
  };
}
