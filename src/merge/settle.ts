import type { Candidate, Group, Kept, Link } from "./candidate.ts";
import { belongTogether, goesOn, iouInBoth, otherEnd, standsFor } from "./link.ts";
import type { MergeStats } from "./merge-stats.ts";
import { connectedParts, uniteSpans } from "./span-sets.ts";
import type { Spans } from "./spans.ts";

/** Sum of IoUs behind the mean that the statistics report. */
export interface SeamTally {
  iou: number;
  pairs: number;
}

/**
 * Settles a candidate that is linked to no other.
 *
 * Of small objects (`own`) a cut one is dropped when another patch owns its place, for that patch saw
 * the place whole and shows no such object.
 */
export function settleAlone(
  candidate: Candidate,
  seams: "own" | "join",
  stats: MergeStats,
): Kept | null {
  candidate.settled = true;
  if (seams === "join") return keep([candidate], candidate.spans);
  if (candidate.cut && candidate.foreign) {
    drop(candidate);
    candidate.overlaps = null;
    stats.droppedCuts++;
    return null;
  }
  return keep([candidate], largestPart(candidate.spans, stats));
}

/**
 * Settles a group of masks of small objects: every object is kept once, whole where a patch has it whole.
 *
 * Whole masks come first, best first: uncut, then farthest from its patch's borders, then by
 * predicted IoU, then in the order of the plan. Each stands for the masks of other patches that are
 * alike. Cut masks that are left are joined where they go on in each other; one that goes on nowhere
 * is settled as if it were alone.
 */
export function settleOwn(group: Group, stats: MergeStats, tally: SeamTally): Kept[] {
  const members = group.members.sort(byRank);
  const kept: Kept[] = [];
  const cut: Candidate[] = [];
  for (const candidate of members) {
    if (candidate.cut) {
      cut.push(candidate);
      continue;
    }
    if (candidate.dropped) continue;
    for (const link of candidate.links!) {
      const other = otherEnd(link, candidate);
      if (other.kept !== null || other.dropped || !standsFor(candidate, link)) continue;
      drop(other);
      stats.droppedDuplicates++;
      count(link, stats, tally);
    }
    kept.push(keep([candidate], largestPart(candidate.spans, stats)));
  }
  const left = cut.filter((candidate) => !candidate.dropped);
  for (const parts of joined(left, goesOn, stats, tally)) {
    if (parts.length > 1) {
      const whole = largestPart(uniteSpans(parts.map((part) => part.spans)), stats);
      kept.push(countJoined(keep(parts, whole), stats));
    } else {
      const alone = settleAlone(parts[0]!, "own", stats);
      if (alone !== null) kept.push(alone);
    }
  }
  finish(group);
  return kept;
}

/** Settles a group of masks of regions: parts that belong together are united, across any number of patches. */
export function settleJoin(group: Group, stats: MergeStats, tally: SeamTally): Kept[] {
  const members = group.members.sort(byPlace);
  const kept = joined(members, belongTogether, stats, tally).map((parts) =>
    countJoined(keep(parts, uniteSpans(parts.map((part) => part.spans))), stats),
  );
  finish(group);
  return kept;
}

function finish(group: Group): void {
  for (const member of group.members) {
    member.settled = true;
    // Links and overlaps chain masks together across the slide: let go of what is done with.
    member.links = null;
    member.group = null;
    if (member.kept === null) member.overlaps = null;
  }
}

function keep(parts: readonly Candidate[], spans: Spans): Kept {
  let merit = 0;
  for (const { scores } of parts) if (scores.predictedIou > merit) merit = scores.predictedIou;
  const kept: Kept = { parts, merit, spans, final: false };
  for (const part of parts) part.kept = kept;
  return kept;
}

function countJoined(kept: Kept, stats: MergeStats): Kept {
  if (kept.parts.length > 1) {
    stats.joinedObjects++;
    stats.joinedParts += kept.parts.length;
  }
  return kept;
}

function drop(candidate: Candidate): void {
  candidate.dropped = true;
}

/** The largest part that hangs together by pixel edges; what falls away is counted. */
export function largestPart(spans: Spans, stats: MergeStats): Spans {
  const parts = connectedParts(spans);
  const largest = parts[0]!;
  stats.droppedParts += parts.length - 1;
  stats.droppedPartPixels += spans.area - largest.area;
  return largest;
}

function count(link: Link, stats: MergeStats, tally: SeamTally): void {
  stats.matchedPairs++;
  tally.pairs++;
  tally.iou += iouInBoth(link);
}

/** Splits candidates into sets that hang together by links that `holds` accepts, in the order of their first member. */
function joined(
  candidates: readonly Candidate[],
  holds: (link: Link) => boolean,
  stats: MergeStats,
  tally: SeamTally,
): Candidate[][] {
  if (candidates.length === 0) return [];
  const parent = new Int32Array(candidates.length);
  for (const [i, candidate] of candidates.entries()) {
    parent[i] = i;
    candidate.slot = i;
  }
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) {
      parent[root] = parent[parent[root]!]!;
      root = parent[root]!;
    }
    return root;
  };
  for (const candidate of candidates) {
    for (const link of candidate.links!) {
      // A link is met at both its ends; its other end may be settled otherwise.
      if (link.a !== candidate || candidates[link.b.slot] !== link.b || !holds(link)) continue;
      count(link, stats, tally);
      parent[find(link.b.slot)] = find(candidate.slot);
    }
  }
  const sets = new Map<number, Candidate[]>();
  for (const [i, candidate] of candidates.entries()) {
    const root = find(i);
    const set = sets.get(root);
    if (set === undefined) sets.set(root, [candidate]);
    else set.push(candidate);
  }
  return [...sets.values()];
}

function byRank(a: Candidate, b: Candidate): number {
  return (
    Number(a.cut) - Number(b.cut) ||
    b.borderDistance - a.borderDistance ||
    b.scores.predictedIou - a.scores.predictedIou ||
    byPlace(a, b)
  );
}

/** The order of the plan, then from the top left. */
export function byPlace(a: Candidate, b: Candidate): number {
  return (
    a.patch.index - b.patch.index ||
    a.spans.box.y - b.spans.box.y ||
    a.spans.box.x - b.spans.box.x ||
    b.spans.area - a.spans.area
  );
}
