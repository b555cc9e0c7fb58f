import { createHash } from "node:crypto";
import { MicrotomeError } from "../errors.ts";
import { type Box, intersectBoxes, type Point, type Size } from "../geometry.ts";
import type { Scale, TaskSpec } from "../scales/scale.ts";
import type { ModelSpec } from "../segment/model.ts";
import type { Prompt } from "../segment/prompt.ts";
import type { PlannedPatch } from "../tiler/patch.ts";
import { gridSizeOf, validBox } from "../tiler/plan-patches.ts";
import type { Slide } from "../tiler/slide.ts";
import { VERSION } from "../version.ts";
import { decideRun } from "./plan-run.ts";
import { useOf } from "./settle-run.ts";

/**
 * Sides of a clicked patch where the model takes any size, grid px: what has to be encoded before a
 * click is answered is small, unless what is asked for is not. Multiples of every stride up to 64.
 */
const SIDES = [448, 896] as const;

/** The side where the model says none. */
const FIXED_SIDE = 1024;

/** A box is seen with this much round it, grid px. */
const MARGIN = 16;

/** What is needed of a model to plan a click. */
export interface ClickModel {
  readonly spec: ModelSpec;
  /** As an adapter has it. */
  readonly anySize: boolean;
}

/** Where a click is asked. */
export interface ClickPlan {
  readonly task: TaskSpec;
  readonly scale: Scale;
  /** µm per level-0 px. */
  readonly slideMpp: number;
  readonly patch: PlannedPatch;
  /** The part of the patch that holds slide pixels, patch px. */
  readonly valid: Box;
  /** The slide's size, grid px. */
  readonly gridSize: Size;
  /** The prompt in patch px. */
  readonly prompt: Prompt;
}

/**
 * Chooses the patch in which a click is asked: of a lattice, so that clicks beside each other share
 * one, the patch whose centre is nearest; pure.
 *
 * `prompt` is in level-0 px. Neighbouring patches overlap by what the task's patches do (by half for larger ones), so that an
 * object under the click is whole. Throws what decideRun throws, and `usage` for a prompt outside the
 * slide or too large for any patch.
 */
export function planClick(
  slide: Slide,
  task: TaskSpec,
  model: ClickModel,
  prompt: Prompt,
): ClickPlan {
  const { scale, slideMpp } = decideRun(slide, task, model.spec, {
    slide: slide.path,
    task: task.name,
    out: "",
  });
  requireInside(prompt, slide.size);
  const factor = scale.gridDownsample;
  const gridSize = gridSizeOf(slide.size, scale);
  const { box } = prompt;
  const first = prompt.points.find(({ label }) => label === 1) ?? prompt.points[0];
  const middle = box ? { x: box.x + box.width / 2, y: box.y + box.height / 2 } : first!;
  const place = (side: number): Box => {
    const step = side - (side === SIDES[0] ? Math.min(task.overlap, side / 2) : side / 2);
    return {
      x: latticeStart(middle.x / factor, side, step, gridSize.width),
      y: latticeStart(middle.y / factor, side, step, gridSize.height),
      width: side,
      height: side,
    };
  };
  const sides = model.anySize ? SIDES : [model.spec.input.size ?? FIXED_SIDE];
  const gridBox = sides.map(place).find((at) => holds(at, prompt, factor, gridSize));
  if (!gridBox) throw tooLarge(sides.at(-1)!, scale);
  const id = `${gridBox.x}_${gridBox.y}_${gridBox.width}`;
  const patch: PlannedPatch = {
    id,
    index: 0,
    column: 0,
    row: 0,
    gridBox,
    gridCore: gridBox,
    box: scaled(gridBox, { x: 0, y: 0 }, factor),
  };
  const onPatch = (point: Point) => ({
    x: point.x / factor - gridBox.x,
    y: point.y / factor - gridBox.y,
  });
  return {
    task,
    scale,
    slideMpp,
    patch,
    valid: validBox(patch, gridSize),
    gridSize,
    prompt: {
      points: prompt.points.map((point) => ({ ...point, ...onPatch(point) })),
      ...(box ? { box: { ...scaled(box, { x: 0, y: 0 }, 1 / factor), ...onPatch(box) } } : {}),
    },
  };
}

/** The name under which a patch's embedding is kept: everything that decides it, as 64 hex digits. */
export function clickKey(
  { scale, patch }: Pick<ClickPlan, "scale" | "patch">,
  slide: Slide,
  fingerprint: string,
  model: ModelSpec,
): string {
  const { level, resample } = scale;
  const decides = {
    software: VERSION,
    fingerprint,
    backend: slide.backend,
    channels: slide.channels,
    model: model.sha256,
    description: useOf(model),
    // It is among what the encoder is asked for.
    foreground: model.auto?.secondLookForeground !== undefined,
    level,
    resample,
    box: patch.gridBox,
    stain: null,
  };
  return createHash("sha256").update(JSON.stringify(decides)).digest("hex");
}

/** Where the patch begins along an axis whose centre is nearest to `at`; the last one ends where the slide does. */
function latticeStart(at: number, side: number, step: number, length: number): number {
  const nearest = Math.round((at - side / 2) / step) * step;
  return Math.max(0, Math.min(nearest, length - side));
}

/** Whether a patch holds all of a prompt, a box with a margin as far as the slide goes. */
function holds(patch: Box, { points, box }: Prompt, factor: number, grid: Size): boolean {
  const inside = ({ x, y }: Point) =>
    x >= patch.x && y >= patch.y && x <= patch.x + patch.width && y <= patch.y + patch.height;
  if (!points.every(({ x, y }) => inside({ x: x / factor, y: y / factor }))) return false;
  if (!box) return true;
  const seen = intersectBoxes(
    {
      x: box.x / factor - MARGIN,
      y: box.y / factor - MARGIN,
      width: box.width / factor + 2 * MARGIN,
      height: box.height / factor + 2 * MARGIN,
    },
    { x: 0, y: 0, ...grid },
  );
  return (
    seen !== null && inside(seen) && inside({ x: seen.x + seen.width, y: seen.y + seen.height })
  );
}

function scaled(box: Box, corner: Point, factor: number): Box {
  return {
    x: (box.x - corner.x) * factor,
    y: (box.y - corner.y) * factor,
    width: box.width * factor,
    height: box.height * factor,
  };
}

function requireInside({ points, box }: Prompt, { width, height }: Size): void {
  const corners = box ? [box, { x: box.x + box.width, y: box.y + box.height }] : [];
  for (const { x, y } of [...points, ...corners]) {
    if (x >= 0 && y >= 0 && x <= width && y <= height) continue;
    throw new MicrotomeError(
      "usage",
      `the prompt at ${x}, ${y} lies outside the slide, which has ${width} × ${height} px; expected level-0 pixels inside it`,
      { x, y, width, height },
    );
  }
}

function tooLarge(side: number, scale: Scale): MicrotomeError {
  const um = Math.round((side / 2) * scale.mpp);
  return new MicrotomeError(
    "usage",
    `the prompt spreads over more than one patch of the model; expected at most ${um} µm from side to side at ${scale.mpp.toFixed(3)} µm/px: ask for a smaller box, or for a task with larger objects`,
    { mostUm: um },
  );
}
