import { type Response, Router } from "express";
import { FeatureBytes } from "../export/feature-bytes.ts";
import { TextBytes } from "../export/text-bytes.ts";
import { isDoubtful } from "../segment/doubt.ts";
import { VERSION } from "../version.ts";
import type { ClickFacts, ClickReadiness } from "./api.ts";
import { readClickRequest } from "./click-request.ts";
import type { ClickOutcome, ClickService, Readiness } from "./click-service.ts";
import { textPart } from "./parameters.ts";

/** The addresses that segment what is clicked on: POST `/:id/segment` and `/:id/segment/prepare`. */
export function clickRoutes(clicks: ClickService): Router {
  const router = Router();

  router.post("/:id/segment", async (request, response) => {
    const started = performance.now();
    const signal = goneAway(response);
    const answering = readClickRequest(request).then((asked) =>
      clicks.click(textPart(request, "id"), asked, signal),
    );
    const outcome = await unlessGone(signal, answering);
    if (outcome === null) return;
    response.type("application/geo+json").send(answerBytes(outcome, performance.now() - started));
  });

  router.post("/:id/segment/prepare", async (request, response) => {
    const signal = goneAway(response);
    const preparing = readClickRequest(request).then((asked) =>
      clicks.prepare(textPart(request, "id"), asked, signal),
    );
    const readiness = await unlessGone(signal, preparing);
    if (readiness !== null) response.json(describeReadiness(readiness));
  });

  return router;
}

/** Aborted where the other side goes away before it is answered. */
function goneAway(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** null where the other side has gone: then neither an answer nor a failure is of use to anyone. */
async function unlessGone<T>(signal: AbortSignal, work: Promise<T>): Promise<T | null> {
  try {
    const value = await work;
    return signal.aborted ? null : value;
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

/** A FeatureCollection in QuPath's form, best mask first, with what the click cost beside it. */
function answerBytes(
  { task, model, plan, bounds, objects, answer }: ClickOutcome,
  total: number,
): Buffer {
  const about = {
    software: `microtome ${VERSION}`,
    notice: "for research use only",
    task: task.name,
    model: model.name,
    modelVersion: model.version,
    modelSha256: model.sha256,
    mppUsed: plan.scale.mpp,
    coordinates: "level-0 pixels",
  };
  const ms = Object.entries({ ...answer.ms, total }).map(([name, value]): [string, number] => [
    name,
    Number(value.toFixed(2)),
  ]);
  const click: ClickFacts = {
    warm: answer.warm,
    patch: plan.patch.box,
    bounds: bounds && { x: bounds.x, y: bounds.y },
    cut: objects.map(({ cut }) => cut),
    doubtful: objects.map(({ instance }) => isDoubtful(model, instance.predictedIou)),
    ms: Object.fromEntries(ms) as unknown as ClickFacts["ms"],
  };
  const out = new TextBytes(16 * 1024);
  out.text(`{"type":"FeatureCollection","microtome":${JSON.stringify(about)},`);
  out.text(`"click":${JSON.stringify(click)},"features":[`);
  const features = new FeatureBytes({ task });
  objects.forEach(({ instance }, i) => {
    out.text(i === 0 ? "\n" : ",\n");
    features.append(instance, out);
  });
  out.text("\n]}\n");
  return out.bytes.subarray(0, out.length);
}

function describeReadiness({ task, model, takes, ready }: Readiness): ClickReadiness {
  const { boxes, boxWithPoints, negativePoints, mostPoints } = takes;
  return {
    task: task.name,
    model: { name: model.name, version: model.version, sha256: model.sha256 },
    // JSON has no infinity.
    takes: { boxes, boxWithPoints, negativePoints, mostPoints: Math.min(mostPoints, 32) },
    ready,
  };
}
