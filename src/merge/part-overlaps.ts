import type { Kept } from "./candidate.ts";
import type { MergeStats } from "./merge-stats.ts";
import { byPlace, largestPart } from "./settle.ts";
import { subtractSpans } from "./span-sets.ts";

/** An object that keeps less than this share of its pixels is not worth keeping. */
const WORTH_KEEPING = 0.5;

/** Best first: predicted IoU, then area, then the order of the plan. */
function byMerit(a: Kept, b: Kept): number {
  return (
    b.merit - a.merit ||
    (b.spans?.area ?? 0) - (a.spans?.area ?? 0) ||
    byPlace(a.parts[0]!, b.parts[0]!)
  );
}

/**
 * Takes from every object the pixels that better objects cover, so that no two share a pixel.
 *
 * An object has to wait while a mask it overlaps is not settled or a better neighbour is not done;
 * returns the objects that are done now and leaves the others in `waiting`.
 */
export function partOverlaps(waiting: Kept[], stats: MergeStats): Kept[] {
  const { clear, contested } = sortOut(waiting);
  const done = clear;
  waiting.length = 0;
  for (const kept of contested.sort(byMerit)) {
    const better = betterNeighbours(kept);
    if (better === null) {
      waiting.push(kept);
      continue;
    }
    cutBack(kept, better, stats);
    close(kept, done);
  }
  return done;
}

/** Closes the objects that share no pixel with another, now or later, and gives the others back. */
export function sortOut(objects: readonly Kept[]): { clear: Kept[]; contested: Kept[] } {
  const [clear, contested]: [Kept[], Kept[]] = [[], []];
  for (const kept of objects) {
    if (standsClear(kept)) close(kept, clear);
    else contested.push(kept);
  }
  return { clear, contested };
}

/** Whether every mask that the object shares pixels with is settled and came to nothing of its own. */
function standsClear(kept: Kept): boolean {
  for (const { overlaps } of kept.parts) {
    if (overlaps === null) continue;
    for (const other of overlaps) {
      if (!other.settled || (other.kept !== null && other.kept !== kept)) return false;
    }
  }
  return true;
}

function close(kept: Kept, done: Kept[]): void {
  kept.final = true;
  for (const part of kept.parts) part.overlaps = null;
  if (kept.spans !== null) done.push(kept);
}

/** Better objects that share pixels with this one, or null when they are not all known yet. */
function betterNeighbours(kept: Kept): Set<Kept> | null {
  const better = new Set<Kept>();
  for (const part of kept.parts) {
    for (const other of part.overlaps ?? []) {
      if (!other.settled) return null;
      const neighbour = other.kept;
      if (neighbour === null || neighbour === kept || better.has(neighbour)) continue;
      // An object that is already done was better: it did not wait for this one.
      if (neighbour.final) better.add(neighbour);
      else if (byMerit(neighbour, kept) < 0) return null;
    }
  }
  return better;
}

function cutBack(kept: Kept, better: ReadonlySet<Kept>, stats: MergeStats): void {
  const before = kept.spans!;
  let left: Kept["spans"] = before;
  for (const neighbour of better) {
    if (left === null) break;
    if (neighbour.spans !== null) left = subtractSpans(left, neighbour.spans);
  }
  if (left === before) return;
  stats.overlapPixels += before.area - (left?.area ?? 0);
  if (left !== null) left = largestPart(left, stats);
  if (left !== null && left.area < WORTH_KEEPING * before.area) left = null;
  if (left === null) stats.droppedCovered++;
  kept.spans = left;
}
