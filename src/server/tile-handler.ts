import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockCache } from "../block-cache.ts";
import { readTileJpeg } from "../tiler/tiles.ts";
import { inColours } from "./colours.ts";
import { isPinned } from "./conditional.ts";
import { HttpError } from "./http-error.ts";
import type { Library } from "./library.ts";
import { wholeNumber } from "./parameters.ts";
import { type Content, sendKept } from "./send-bytes.ts";

const ADDRESS = /^\/api\/slides\/([\w-]+)\/tiles\/([^/?]+)\/([^/?]+)\/([^/?]+)\.jpg(?:\?(.*))?$/;

/**
 * Answers `/api/slides/:id/tiles/:level/:column/:row.jpg`, with or without `?v=version` and `icc=1`; null
 * for every other address.
 *
 * Stands before Express: passing a stored tile on takes less time than Express takes to find out who
 * is to do it.
 */
export function tileHandler(library: Library, cache: BlockCache<Content>) {
  return (request: IncomingMessage, response: ServerResponse): Promise<void> | null => {
    const match = ADDRESS.exec(request.url ?? "");
    if (!match) return null;
    const [, id, level, column, row, query] = match;
    return sendTile(request, response, id!, [level!, column!, row!], new URLSearchParams(query));
  };

  async function sendTile(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
    place: readonly [string, string, string],
    query: URLSearchParams,
  ): Promise<void> {
    const level = wholeNumber(place[0], "level");
    const column = wholeNumber(place[1], "column");
    const row = wholeNumber(place[2], "row");
    await library.withTiles(id, async ({ slide, version }) => {
      const found = slide.levels[level];
      const columns = found ? Math.ceil(found.size.width / found.tileSize.width) : 0;
      const rows = found ? Math.ceil(found.size.height / found.tileSize.height) : 0;
      if (column >= columns || row >= rows) {
        throw new HttpError(
          404,
          "not-found",
          found
            ? `Level ${level} has ${columns} × ${rows} tiles; there is none at ${column}, ${row}.`
            : `The slide has ${slide.levels.length} levels; there is no level ${level}.`,
        );
      }
      const { shown, mark } = await inColours(slide, query);
      const tag = `"${version}-${level}-${column}-${row}${mark}"`;
      const keeping = { tag, pinned: isPinned(query.get("v"), version) };
      await sendKept(request, response, keeping, async () => {
        const raw = await shown.readRawTile(level, column, row);
        response.setHeader("X-Tile-Source", raw ? "stored" : "encoded");
        if (raw) return raw;
        return cache.get(tag, () => readTileJpeg(shown, level, column, row));
      });
    });
  }
}
