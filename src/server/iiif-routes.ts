import { type Request, Router } from "express";
import type { BlockCache } from "../block-cache.ts";
import { planResize } from "../tiler/read-resized.ts";
import { inColours } from "./colours.ts";
import { entityTag, isPinned } from "./conditional.ts";
import { HttpError } from "./http-error.ts";
import { describeIiif, IIIF_CONTEXT, IIIF_PROFILE, iiifLimits } from "./iiif-info.ts";
import { parseIiif } from "./iiif-request.ts";
import type { Library, OpenedSlide } from "./library.ts";
import { addressOf, textPart } from "./parameters.ts";
import { render } from "./render.ts";
import { type Content, sendKept } from "./send-bytes.ts";

/** Level pixels that a request may make the server decode: 2^28, a few seconds. */
const MOST_READ = 2 ** 28;

/** The IIIF Image API 3.0, level 2: `/iiif/:id/info.json` and `/iiif/:id/:region/:size/:rotation/:file`. */
export function iiifRoutes(library: Library, cache: BlockCache<Content>): Router {
  const router = Router();

  router.get("/:id", (request, response) => {
    library.slideEntry(textPart(request, "id"));
    response.redirect(303, `${baseUri(request)}/info.json`);
  });

  router.get("/:id/info.json", async (request, response) => {
    await library.withSlide(textPart(request, "id"), async ({ slide, version, costs }) => {
      const plain = wantsPlainJson(request.headers.accept);
      const mime = plain ? "application/json" : `application/ld+json;profile="${IIIF_CONTEXT}"`;
      const id = baseUri(request);
      response.vary("Accept");
      response.set("Link", `<${IIIF_PROFILE}>;rel="profile"`);
      const keeping = { tag: entityTag(version, id, mime), pinned: false };
      await sendKept(request, response, keeping, () => ({
        data: Buffer.from(JSON.stringify(describeIiif(id, slide, limitsOf(costs)), null, 1)),
        mime,
      }));
    });
  });

  router.get("/:id/:region/:size/:rotation/:file", async (request, response) => {
    await library.withTiles(textPart(request, "id"), async ({ slide, version, costs }) => {
      const asked = parseIiif(
        {
          region: textPart(request, "region"),
          size: textPart(request, "size"),
          rotation: textPart(request, "rotation"),
          file: textPart(request, "file"),
        },
        slide.size,
        limitsOf(costs),
      );
      const plan = planResize(slide, asked.box, asked.size);
      if (plan.cost * costs[plan.level]! > MOST_READ) {
        throw new HttpError(
          400,
          "usage",
          "This slide stores no level near that scale, and making it would read too much of it; ask for a smaller region or a smaller size.",
        );
      }
      response.set("Link", [
        `<${IIIF_PROFILE}>;rel="profile"`,
        `<${baseUri(request)}/${asked.canonical}>;rel="canonical"`,
      ]);
      const { searchParams } = addressOf(request);
      const { shown, mark } = await inColours(slide, searchParams);
      const tag = entityTag(version, "iiif", asked.canonical, mark);
      const pinned = isPinned(searchParams.get("v"), version);
      await sendKept(request, response, { tag, pinned }, () =>
        cache.get(tag, () => render(shown, asked)),
      );
    });
  });

  return router;
}

function limitsOf(costs: OpenedSlide["costs"]) {
  return iiifLimits(costs.some((cost) => cost > 1));
}

/** The slide's address as the client called it; a proxy in front says whether it spoke TLS. */
function baseUri(request: Request): string {
  const secure = request.headers["x-forwarded-proto"] === "https";
  const id = encodeURIComponent(textPart(request, "id"));
  return `${secure ? "https" : "http"}://${request.headers.host}/iiif/${id}`;
}

/** JSON-LD unless the client takes JSON and says nothing of JSON-LD. Source: section 5.1. */
function wantsPlainJson(accept: string | undefined): boolean {
  return accept !== undefined && /application\/json/.test(accept) && !/ld\+json/.test(accept);
}
