import type { Candidate, Group, Kept, Link } from "./candidate.ts";
import { belongTogether, goesOn, iouInBoth, otherEnd, standsFor } from "./link.ts";
import type { MergeStats } from "./merge-stats.ts";
import { connectedParts, uniteSpans } from "./span-sets.ts";

/** Sum of IoUs behind the mean that the statistics report. */
export interface SeamTally {
  iou: number;
  pairs: number;
}

/**
 * Settles a group of masks of small objects: every object is kept once, whole where a patch has it whole.
 *
 * Whole masks come first, best first: uncut, then farthest from its patch's borders, then by
 * predicted IoU, then in the order of the plan. Each stands for the masks of other patches that are
 * alike. Cut masks that are left are joined where they go on in each other; one that goes on nowhere
 * is dropped when another patch owns its place, for that patch saw the place whole.
 */
export function settleOwn(group: Group, stats: MergeStats, tally: SeamTally): Kept[] {
  const members = [...group.members].sort(byRank);
  const dropped = new Set<Candidate>();
  const kept: Kept[] = [];
  for (const candidate of members) {
    if (candidate.cut || dropped.has(candidate)) continue;
    for (const link of candidate.links) {
      const other = otherEnd(link, candidate);
      if (other.kept !== null || dropped.has(other) || !standsFor(candidate, link)) continue;
      dropped.add(other);
      stats.droppedDuplicates++;
      count(link, stats, tally);
    }
    kept.push(keep([candidate], largestPart, stats));
  }
  const cut = members.filter((candidate) => candidate.cut && !dropped.has(candidate));
  const joins = uniqueLinks(cut).filter(
    ({ a, b }) => a.cut && b.cut && !dropped.has(a) && !dropped.has(b),
  );
  for (const parts of joined(cut, joins.filter(goesOn), stats, tally)) {
    const [only] = parts;
    if (parts.length === 1 && only!.foreign) stats.droppedCuts++;
    else kept.push(keep(parts, largestPart, stats));
  }
  finish(group);
  return kept;
}

/** Settles a group of masks of regions: parts that belong together are united, across any number of patches. */
export function settleJoin(group: Group, stats: MergeStats, tally: SeamTally): Kept[] {
  const members = [...group.members].sort(byPlace);
  const links = uniqueLinks(members).filter(belongTogether);
  const kept = joined(members, links, stats, tally).map((parts) =>
    keep(parts, (all) => all, stats),
  );
  finish(group);
  return kept;
}

function finish(group: Group): void {
  for (const member of group.members) {
    member.settled = true;
    // Links and overlaps chain masks together across the slide: let go of what is done with.
    member.links = [];
    if (member.kept === null) member.overlaps = [];
  }
}

function keep(
  parts: readonly Candidate[],
  choose: (spans: Kept["spans"] & object, stats: MergeStats) => Kept["spans"],
  stats: MergeStats,
): Kept {
  const spans = choose(uniteSpans(parts.map((part) => part.spans)), stats);
  const kept: Kept = { parts, spans, final: false };
  for (const part of parts) part.kept = kept;
  if (parts.length > 1) {
    stats.joinedObjects++;
    stats.joinedParts += parts.length;
  }
  return kept;
}

/** The largest part that hangs together by pixel edges; what falls away is counted. */
export function largestPart(
  spans: Kept["spans"] & object,
  stats: MergeStats,
): Kept["spans"] & object {
  const largest = connectedParts(spans)[0]!;
  stats.droppedPartPixels += spans.area - largest.area;
  return largest;
}

function count(link: Link, stats: MergeStats, tally: SeamTally): void {
  stats.matchedPairs++;
  tally.pairs++;
  tally.iou += iouInBoth(link);
}

function uniqueLinks(candidates: readonly Candidate[]): Link[] {
  return [...new Set(candidates.flatMap((candidate) => candidate.links))];
}

/** Splits candidates into sets that hang together by the given links, in the order of their first member. */
function joined(
  candidates: readonly Candidate[],
  links: readonly Link[],
  stats: MergeStats,
  tally: SeamTally,
): Candidate[][] {
  const parent = new Map(candidates.map((candidate) => [candidate, candidate]));
  const find = (candidate: Candidate): Candidate => {
    let root = candidate;
    while (parent.get(root) !== root) root = parent.get(root)!;
    while (parent.get(candidate) !== root) {
      const next = parent.get(candidate)!;
      parent.set(candidate, root);
      candidate = next;
    }
    return root;
  };
  for (const link of links) {
    count(link, stats, tally);
    parent.set(find(link.b), find(link.a));
  }
  const sets = new Map<Candidate, Candidate[]>();
  for (const candidate of candidates) {
    const root = find(candidate);
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
