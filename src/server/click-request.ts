import type { IncomingMessage } from "node:http";
import type { Box } from "../geometry.ts";
import type { Prompt, PromptPoint } from "../segment/prompt.ts";
import { HttpError } from "./http-error.ts";

/** A body that is longer is no click. */
const MAX_BODY = 16 * 1024;
const MAX_POINTS = 32;
const MAX_MPP = 100;

/** What is asked of a click's address, in the slide's level-0 px. */
export interface ClickRequest {
  readonly task: string;
  /** A model by name; the task's own where left out. */
  readonly model: string | null;
  /** µm per pixel at which the model sees the slide; the task's where left out. */
  readonly mpp: number | null;
  /** µm per level-0 px, where the file does not say or is known to be wrong. */
  readonly slideMpp: number | null;
  /** null where nothing is pointed at: only to make ready. */
  readonly prompt: Prompt | null;
}

/** Reads the body of a request. Throws 415 where it is not said to be JSON, 413, 400. */
export async function readClickRequest(request: IncomingMessage): Promise<ClickRequest> {
  // A page of another origin cannot send this type without asking first, and is then refused.
  if (!/^application\/json\s*(?:;|$)/i.test(request.headers["content-type"] ?? "")) {
    throw new HttpError(415, "usage", "The body must be JSON (Content-Type: application/json).");
  }
  return parseClick(parseJson(await readBody(request)));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY) {
      throw new HttpError(413, "usage", `The body is longer than ${MAX_BODY} bytes.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong("the body is not JSON");
  }
  if (!isObject(value)) throw wrong("the body is no JSON object");
  return value;
}

function parseClick(body: Readonly<Record<string, unknown>>): ClickRequest {
  const known = ["task", "model", "mpp", "slideMpp", "points", "box"];
  const strange = Object.keys(body).find((name) => !known.includes(name));
  if (strange !== undefined) throw wrong(`found ${JSON.stringify(strange.slice(0, 40))}`);
  const { task = "nuclei", model = null, points = [], box = null } = body;
  if (typeof task !== "string") throw wrong("task is no text");
  if (model !== null && typeof model !== "string") throw wrong("model is no text");
  const mpp = parseMpp(body, "mpp");
  const slideMpp = parseMpp(body, "slideMpp");
  if (!Array.isArray(points) || points.length > MAX_POINTS) {
    throw wrong(`points is no list of up to ${MAX_POINTS}`);
  }
  const where: PromptPoint[] = points.map(parsePoint);
  const round = box === null ? null : parseBox(box);
  const prompt = where.length === 0 && round === null ? null : promptOf(where, round);
  return { task, model, mpp, slideMpp, prompt };
}

function parseMpp(body: Readonly<Record<string, unknown>>, name: string): number | null {
  const value = body[name] ?? null;
  if (value === null || (isNumber(value) && value > 0 && value <= MAX_MPP)) return value;
  throw wrong(`${name} is not a number above 0, up to ${MAX_MPP}`);
}

function promptOf(points: readonly PromptPoint[], box: Box | null): Prompt {
  return { points, ...(box ? { box } : {}) };
}

function parsePoint(point: unknown): PromptPoint {
  if (isObject(point)) {
    const { x, y, label = 1 } = point;
    if (isNumber(x) && isNumber(y) && (label === 0 || label === 1)) return { x, y, label };
  }
  throw wrong("a point is not {x, y, label}: numbers, label 1 on the object or 0 beside it");
}

function parseBox(box: unknown): Box {
  if (isObject(box)) {
    const { x, y, width, height } = box;
    if ([x, y, width, height].every(isNumber) && (width as number) > 0 && (height as number) > 0) {
      return box as unknown as Box;
    }
  }
  throw wrong("box is not {x, y, width, height} with a size above 0");
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(fault: string): HttpError {
  return new HttpError(
    400,
    "usage",
    `The click cannot be understood: ${fault}; expected {"task", "points": [{"x", "y", "label"}], "box": {"x", "y", "width", "height"}, "model", "mpp", "slideMpp"} in level-0 pixels.`,
  );
}
