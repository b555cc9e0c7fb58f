import type { Box, Point, Size } from "../geometry.ts";
import type { Scale } from "../scales/scale.ts";
import type { ModelSpec } from "../segment/model.ts";
import { boxPrompt, type Prompt, pointPrompt } from "../segment/prompt.ts";
import type { PlannedPatch } from "../tiler/patch.ts";
import { type PatchPlan, planPatches } from "../tiler/plan-patches.ts";
import type { SlidePrompt } from "./read-prompts.ts";

/** Patches larger than this are not read, grid px a side. */
const MOST_SIDE = 4096;

/** A prompt in the patch that answers it. */
export interface PlacedPrompt {
  /** Its position among the file's prompts. */
  readonly index: number;
  /** Patch px. */
  readonly prompt: Prompt;
}

/** Patches planned round prompts, and which prompts each is asked. */
export interface PromptPlan {
  readonly patches: PatchPlan;
  /** By patch index, in the file's order; never empty. */
  readonly byPatch: readonly (readonly PlacedPrompt[])[];
  /** Prompts that no patch can answer, and why. */
  readonly unplaced: readonly { readonly index: number; readonly why: string }[];
  /** Prompts that were not asked for: they lie outside the region. */
  readonly outsideRegion: number;
}

/** What prompts are placed by. */
export interface PlaceRequest {
  readonly prompts: readonly SlidePrompt[];
  /** Of the slide, level-0 px. */
  readonly size: Size;
  readonly scale: Scale;
  /** Grid px. */
  readonly patchSize: number;
  readonly overlap: number;
  /** Only prompts in it, level-0 px. */
  readonly region: Box | null;
  readonly model: Pick<ModelSpec, "name" | "input" | "window">;
}

/**
 * Plans the patches that prompts need, and no others; pure.
 *
 * A prompt is asked in the patch of the slide's lattice whose core holds its point, or its box's centre. A box that
 * does not lie there with half the overlap around it gets a patch of its own, centred on it and as large as it
 * takes. Patches of the lattice come first, row by row, then those of single prompts in the file's order.
 */
export function placePrompts(request: PlaceRequest): PromptPlan {
  const { prompts, size, scale, patchSize, overlap, region } = request;
  const factor = scale.gridDownsample;
  const lattice = planPatches({ size, scale, patchSize, overlap, region: null, tissue: null });
  const find = coreFinder(lattice.patches);
  const margin = Math.floor(overlap / 2);
  const shared = new Map<PlannedPatch, number[]>();
  const own: { readonly index: number; readonly box: Box }[] = [];
  const unplaced: { index: number; why: string }[] = [];
  let outsideRegion = 0;
  for (const [index, prompt] of prompts.entries()) {
    if (region && !contains(region, positionOf(prompt))) {
      outsideRegion++;
      continue;
    }
    const why = whyNot(prompt, request);
    if (why !== null) {
      unplaced.push({ index, why });
      continue;
    }
    const at = toGrid(positionOf(prompt), factor);
    const patch = find(at);
    if (patch === null) {
      unplaced.push({ index, why: "it lies outside the slide" });
      continue;
    }
    const box = prompt.box && boxToGrid(prompt.box, factor);
    if (box && !holdsWithMargin(patch.gridBox, box, margin, lattice.gridSize)) {
      own.push({ index, box });
      continue;
    }
    const list = shared.get(patch);
    if (list === undefined) shared.set(patch, [index]);
    else list.push(index);
  }
  const patches: PlannedPatch[] = [];
  const byPatch: PlacedPrompt[][] = [];
  const add = (patch: Omit<PlannedPatch, "index" | "box">, indices: readonly number[]): void => {
    const { gridBox } = patch;
    patches.push({ ...patch, index: patches.length, box: boxToGrid(gridBox, 1 / factor) });
    byPatch.push(
      indices.map((index) => ({ index, prompt: inPatch(prompts[index]!, factor, gridBox) })),
    );
  };
  for (const patch of lattice.patches) {
    const indices = shared.get(patch);
    if (indices !== undefined) add(patch, indices);
  }
  const { stride } = request.model.input;
  for (const { index, box } of own) {
    const needed = Math.max(box.width, box.height) + 2 * margin;
    const side = Math.max(patchSize, Math.ceil(needed / stride) * stride);
    const gridBox = {
      x: Math.round(box.x + box.width / 2 - side / 2),
      y: Math.round(box.y + box.height / 2 - side / 2),
      width: side,
      height: side,
    };
    add({ id: `p${index}`, column: index, row: -1, gridBox, gridCore: gridBox }, [index]);
  }
  return {
    patches: { ...lattice, patches, planned: patches.length, blank: 0 },
    byPatch,
    unplaced,
    outsideRegion,
  };
}

/** Why a prompt cannot be asked at all, or null. */
function whyNot(prompt: SlidePrompt, { scale, model, size, overlap }: PlaceRequest): string | null {
  if (!contains({ x: 0, y: 0, ...size }, positionOf(prompt))) return "it lies outside the slide";
  if (prompt.box === null) return null;
  const side = Math.max(prompt.box.width, prompt.box.height) / scale.gridDownsample;
  const pixels = `its box is ${Math.round(side)} px at ${scale.mpp.toFixed(3)} µm/px`;
  if (model.window !== null && side > model.window.cells * model.window.stride) {
    const most = model.window.cells * model.window.stride;
    return `${pixels}, more than the ${most} px that ${model.name} sees of an object: take a task of larger objects, or a SAM model`;
  }
  return side + overlap > MOST_SIDE ? `${pixels}, more than ${MOST_SIDE - overlap}` : null;
}

function contains({ x, y, width, height }: Box, at: Point): boolean {
  return at.x >= x && at.y >= y && at.x < x + width && at.y < y + height;
}

function positionOf({ points, box }: SlidePrompt): Point {
  return box === null ? points[0]! : { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}

function toGrid({ x, y }: Point, factor: number): Point {
  return { x: x / factor, y: y / factor };
}

function boxToGrid({ x, y, width, height }: Box, factor: number): Box {
  return { x: x / factor, y: y / factor, width: width / factor, height: height / factor };
}

function inPatch(prompt: SlidePrompt, factor: number, patch: Box): Prompt {
  const moved = (point: Point): Point => {
    const { x, y } = toGrid(point, factor);
    return { x: x - patch.x, y: y - patch.y };
  };
  if (prompt.box === null) return pointPrompt(moved(prompt.points[0]!));
  const { width, height } = boxToGrid(prompt.box, factor);
  return boxPrompt({ ...moved(prompt.box), width, height });
}

/** Whether a box lies in a patch with a margin, but for sides where the slide ends. */
function holdsWithMargin(patch: Box, box: Box, margin: number, slide: Size): boolean {
  const right = patch.x + patch.width;
  const bottom = patch.y + patch.height;
  return (
    box.x >= (patch.x <= 0 ? 0 : patch.x + margin) &&
    box.y >= (patch.y <= 0 ? 0 : patch.y + margin) &&
    box.x + box.width <= (right >= slide.width ? right : right - margin) &&
    box.y + box.height <= (bottom >= slide.height ? bottom : bottom - margin)
  );
}

/** Finds the patch whose core holds a grid position: cores tile the slide in columns and rows. */
function coreFinder(patches: readonly PlannedPatch[]): (at: Point) => PlannedPatch | null {
  const byPlace = new Map(patches.map((patch) => [`${patch.column} ${patch.row}`, patch]));
  const columnEnds = ends(patches, ({ column, gridCore }) => [column, gridCore.x + gridCore.width]);
  const rowEnds = ends(patches, ({ row, gridCore }) => [row, gridCore.y + gridCore.height]);
  // The slide's last grid pixel may be short of its last level-0 pixel by half of itself.
  const place = (all: readonly number[], at: number) =>
    Math.min(firstAbove(all, at), all.length - 1);
  return ({ x, y }) => byPlace.get(`${place(columnEnds, x)} ${place(rowEnds, y)}`) ?? null;
}

function ends(
  patches: readonly PlannedPatch[],
  of: (patch: PlannedPatch) => readonly [index: number, end: number],
): number[] {
  const found: number[] = [];
  for (const patch of patches) {
    const [index, end] = of(patch);
    found[index] = end;
  }
  return found;
}

/** Position of the first value above `at` in a rising list. */
function firstAbove(rising: readonly number[], at: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle]! > at) high = middle;
    else low = middle + 1;
  }
  return low;
}
