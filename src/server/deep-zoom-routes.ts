import { Router } from "express";
import type { BlockCache } from "../block-cache.ts";
import { inColours } from "./colours.ts";
import { entityTag, isPinned } from "./conditional.ts";
import { deepZoomGrid, deepZoomLevels, deepZoomTile, describeDeepZoom } from "./deep-zoom.ts";
import { HttpError } from "./http-error.ts";
import type { Library } from "./library.ts";
import { addressOf, textPart, wholeNumber } from "./parameters.ts";
import { render, UPRIGHT } from "./render.ts";
import { type Content, sendKept } from "./send-bytes.ts";

/**
 * Deep Zoom: `/slides/:id.dzi` and `/slides/:id_files/:level/:column_:row.jpg` (or `.jpeg`, `.png`).
 *
 * `?format=png` of the descriptor asks for PNG tiles. Clients pass its query on to the tiles: `icc=1`, `v=`.
 */
export function deepZoomRoutes(library: Library, cache: BlockCache<Content>): Router {
  const router = Router();

  router.get("/:name", async (request, response) => {
    const id = /^([\w-]+)\.dzi$/.exec(textPart(request, "name"))?.[1];
    if (id === undefined) throw notDeepZoom();
    const { searchParams } = addressOf(request);
    const format = searchParams.get("format") ?? "jpg";
    if (format !== "jpg" && format !== "png") {
      throw new HttpError(400, "usage", `format=${format}: tiles come as jpg or png.`);
    }
    await library.withSlide(id, async ({ slide, version }) => {
      const tag = entityTag(version, "dzi", format);
      const keeping = { tag, pinned: isPinned(searchParams.get("v"), version) };
      await sendKept(request, response, keeping, () => ({
        data: Buffer.from(describeDeepZoom(slide.size, format)),
        mime: "application/xml; charset=utf-8",
      }));
    });
  });

  router.get("/:folder/:level/:tile", async (request, response) => {
    const id = /^([\w-]+)_files$/.exec(textPart(request, "folder"))?.[1];
    if (id === undefined) throw notDeepZoom();
    const tile = /^([^_.]*)_([^_.]*)\.(jpe?g|png)$/.exec(textPart(request, "tile"));
    if (!tile) {
      throw new HttpError(400, "usage", "A tile's name is column_row.jpg or column_row.png.");
    }
    const level = wholeNumber(textPart(request, "level"), "level");
    const column = wholeNumber(tile[1]!, "column");
    const row = wholeNumber(tile[2]!, "row");
    const format = tile[3] === "png" ? "png" : "jpg";
    await library.withTiles(id, async ({ slide, version }) => {
      const found = deepZoomTile(slide.size, level, column, row);
      if (!found) {
        const levels = deepZoomLevels(slide.size);
        const size = levels[level];
        const grid = size && deepZoomGrid(size);
        throw new HttpError(
          404,
          "not-found",
          grid
            ? `Level ${level} has ${grid.columns} × ${grid.rows} tiles; there is none at ${column}, ${row}.`
            : `The slide has Deep Zoom levels 0 to ${levels.length - 1}; there is no level ${level}.`,
        );
      }
      const { searchParams } = addressOf(request);
      const { shown, mark } = await inColours(slide, searchParams);
      const tag = `"${version}-dz-${level}-${column}-${row}-${format}${mark}"`;
      const pinned = isPinned(searchParams.get("v"), version);
      await sendKept(request, response, { tag, pinned }, () =>
        cache.get(tag, () => render(shown, { ...found, turn: UPRIGHT, gray: false, format })),
      );
    });
  });

  return router;
}

function notDeepZoom(): HttpError {
  return new HttpError(
    404,
    "not-found",
    "Deep Zoom addresses are /slides/<id>.dzi and /slides/<id>_files/<level>/<column>_<row>.jpg.",
  );
}
