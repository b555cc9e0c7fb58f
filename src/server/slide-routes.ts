import { Router } from "express";
import { readTileJpeg } from "../tiler/tiles.ts";
import { answeredFromCache, entityTag } from "./conditional.ts";
import { HttpError } from "./http-error.ts";
import type { Library } from "./library.ts";
import { numberPart, textPart } from "./parameters.ts";

/** The addresses of slides and their tiles. */
export function slideRoutes(library: Library): Router {
  const router = Router();

  router.get("/:id", async (request, response) => {
    response.json(await library.slideInfo(textPart(request, "id")));
  });

  router.get("/:id/tiles/:level/:column/:row.jpg", async (request, response) => {
    const [level, column, row] = [
      numberPart(request, "level"),
      numberPart(request, "column"),
      numberPart(request, "row"),
    ];
    await library.withSlide(textPart(request, "id"), async ({ slide, version }) => {
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
      if (answeredFromCache(request, response, entityTag(version, level, column, row))) return;
      const tile = await readTileJpeg(slide, level, column, row);
      response.set("Content-Type", tile.mime);
      response.set("X-Tile-Source", tile.passedThrough ? "stored" : "encoded");
      response.end(tile.data);
    });
  });

  return router;
}
