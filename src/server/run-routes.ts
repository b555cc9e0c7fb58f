import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type Request, Router } from "express";
import type { CountAnswer, HitAnswer } from "./api.ts";
import { entityTag, isPinned } from "./conditional.ts";
import { HttpError } from "./http-error.ts";
import type { Library } from "./library.ts";
import { addressOf, numberPart, queryNumber, textPart } from "./parameters.ts";
import { sendKept } from "./send-bytes.ts";

/** The farthest a click may reach for an object, in level-0 px. */
const MAX_REACH = 1024;

const BYTES = "application/octet-stream";

/** The addresses of runs, their overlays, objects and files. */
export function runRoutes(library: Library): Router {
  const router = Router();

  router.get("/:id", async (request, response) => {
    response.json(await library.runInfo(textPart(request, "id")));
  });

  router.get("/:id/overlay/:z/:x/:y", async (request, response) => {
    const [z, x, y] = [
      numberPart(request, "z"),
      numberPart(request, "x"),
      numberPart(request, "y"),
    ];
    await library.withOverlay(textPart(request, "id"), async (overlay) => {
      if (z > overlay.info.maxZoom) {
        throw new HttpError(
          404,
          "not-found",
          `The overlay has zooms 0 to ${overlay.info.maxZoom}; there is no zoom ${z}.`,
        );
      }
      const { version } = overlay.info;
      const keeping = { tag: entityTag(version, z, x, y), pinned: pinnedBy(request, version) };
      await sendKept(request, response, keeping, async () => ({
        data: await overlay.tile({ z, x, y }),
        mime: BYTES,
      }));
    });
  });

  router.get("/:id/columns/:measurement", async (request, response) => {
    const measurement = numberPart(request, "measurement");
    await library.withOverlay(textPart(request, "id"), async (overlay) => {
      if (measurement >= overlay.info.measurements.length) {
        throw new HttpError(
          404,
          "not-found",
          `The objects have ${overlay.info.measurements.length} measurements; there is no number ${measurement}.`,
        );
      }
      const { version } = overlay.info;
      const tag = entityTag(version, "column", measurement);
      await sendKept(request, response, { tag, pinned: pinnedBy(request, version) }, async () => ({
        data: new Uint8Array((await overlay.column(measurement)).buffer),
        mime: BYTES,
      }));
    });
  });

  router.get("/:id/objects/:object", async (request, response) => {
    const key = textPart(request, "object");
    const object = await library.withOverlay(textPart(request, "id"), (overlay) =>
      overlay.object(/^\d{1,9}$/.test(key) ? Number(key) : key),
    );
    if (!object) throw new HttpError(404, "not-found", "The run has no such object.");
    response.json(object);
  });

  router.get("/:id/at", async (request, response) => {
    const [x, y] = [queryNumber(request, "x"), queryNumber(request, "y")];
    const reach = Math.min(MAX_REACH, Math.max(0, queryNumber(request, "reach", 0)));
    const object = await library.withOverlay(textPart(request, "id"), (overlay) =>
      overlay.at(x, y, reach),
    );
    response.json({ object } satisfies HitAnswer);
  });

  router.get("/:id/count", async (request, response) => {
    const box = {
      x: queryNumber(request, "x"),
      y: queryNumber(request, "y"),
      width: queryNumber(request, "width"),
      height: queryNumber(request, "height"),
    };
    const count = await library.withOverlay(textPart(request, "id"), (overlay) =>
      overlay.count(box),
    );
    response.json({ count } satisfies CountAnswer);
  });

  router.get("/:id/:file", async (request, response) => {
    const id = textPart(request, "id");
    const path = await library.objectsPath(id);
    const packed = basename(path);
    const plain = packed.replace(/\.gz$/, "");
    const file = textPart(request, "file");
    if (file !== packed && file !== plain) {
      throw new HttpError(404, "not-found", `The run hands out ${packed} and ${plain} only.`);
    }
    response.attachment(`${library.runEntry(id).name}.geojson${file === packed ? ".gz" : ""}`);
    response.set("Content-Type", file === packed ? "application/gzip" : "application/geo+json");
    const bytes = createReadStream(path);
    const sent =
      file === packed ? pipeline(bytes, response) : pipeline(bytes, createGunzip(), response);
    await sent.catch((error) => {
      if (!isGivenUp(error)) throw error;
    });
  });

  return router;
}

/** True where the other side went away before it had everything: a download that was cancelled. */
function isGivenUp(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ERR_STREAM_PREMATURE_CLOSE";
}

function pinnedBy(request: Request, version: string): boolean {
  return isPinned(addressOf(request).searchParams.get("v"), version);
}
