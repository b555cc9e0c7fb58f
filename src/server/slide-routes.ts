import { Router } from "express";
import type { Library } from "./library.ts";
import { textPart } from "./parameters.ts";

/** The addresses of slides; their tiles are tile-handler's. */
export function slideRoutes(library: Library): Router {
  const router = Router();

  router.get("/:id", async (request, response) => {
    response.json(await library.slideInfo(textPart(request, "id")));
  });

  return router;
}
