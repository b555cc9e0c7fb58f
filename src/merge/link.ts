import { type Box, intersectBoxes } from "../geometry.ts";
import { type Candidate, type Group, type Link, reachesInto } from "./candidate.ts";
import { areaWithin, clipSpans, connectedParts, intersectionArea } from "./span-sets.ts";
import type { Spans } from "./spans.ts";

/** Two masks of different patches at least this alike are one object. */
const SAME_IOU = 0.3;
/** A whole mask that lies in another patch's mask by this share of its own area is the same object. */
const SAME_CONTAINED = 0.6;
/** A cut mask that lies in a whole one by this share of its own area is a piece of it. */
const PIECE_CONTAINED = 0.5;
/** Cut masks that agree by this share of the smaller one, inside the box both patches cover, go on in each other. */
const JOIN_AGREEMENT = 0.5;
/** Regions at least this alike inside that box are one, cut or not. */
const ALIKE_IOU = 0.5;
/** Of two masks of one patch, the smaller lies in the larger by this share. */
const NESTED = 0.5;

/**
 * Notes that two candidates that share pixels overlap, and, where they come from different patches
 * and may be one object, a link between their groups.
 */
export function relate(a: Candidate, b: Candidate, noteOverlap: boolean): void {
  const shared = intersectionArea(a.spans, b.spans);
  if (shared === 0) return;
  if (noteOverlap) {
    if (a.overlaps === null) a.overlaps = [b];
    else a.overlaps.push(b);
    if (b.overlaps === null) b.overlaps = [a];
    else b.overlaps.push(a);
  }
  if (a.patch === b.patch) return;
  const both = intersectBoxes(a.patch.gridBox, b.patch.gridBox);
  if (both === null) return;
  let aInBoth = areaWithin(a.spans, both);
  let bInBoth = areaWithin(b.spans, both);
  const aCut = a.cut && reachesInto(a.spans, a.patch.gridBox, b.patch.gridBox);
  const bCut = b.cut && reachesInto(b.spans, b.patch.gridBox, a.patch.gridBox);
  if (a.cut && b.cut && shared < JOIN_AGREEMENT * Math.min(aInBoth, bInBoth)) {
    // A winding object comes into the common box in several places; what one patch sees to hang
    // together with this place need not be what the other sees.
    aInBoth = areaMeeting(a.spans, both, b.spans);
    bInBoth = areaMeeting(b.spans, both, a.spans);
  }
  if (!mayBeOne(shared, aInBoth, bInBoth)) return;
  const link: Link = {
    a,
    b,
    shared,
    aInBoth,
    bInBoth,
    bothCut: aCut && bCut,
    eitherCut: aCut || bCut,
  };
  if (a.links === null) a.links = [link];
  else a.links.push(link);
  if (b.links === null) b.links = [link];
  else b.links.push(link);
  uniteGroups(groupOf(a), groupOf(b));
}

function mayBeOne(shared: number, aInBoth: number, bInBoth: number): boolean {
  return (
    shared >= JOIN_AGREEMENT * Math.min(aInBoth, bInBoth) ||
    shared >= SAME_IOU * (aInBoth + bInBoth - shared)
  );
}

/** Pixels of those parts of a mask inside the box that share pixels with another mask. */
function areaMeeting(spans: Spans, box: Box, other: Spans): number {
  const inside = clipSpans(spans, box);
  if (inside === null) return 0;
  return connectedParts(inside)
    .filter((part) => intersectionArea(part, other) > 0)
    .reduce((sum, part) => sum + part.area, 0);
}

function groupOf(candidate: Candidate): Group {
  if (candidate.group === null) {
    const { box } = candidate.spans;
    candidate.group = { members: [candidate], bottom: box.y + box.height };
  }
  return candidate.group;
}

function uniteGroups(a: Group, b: Group): void {
  if (a === b) return;
  const [into, from] = a.members.length >= b.members.length ? [a, b] : [b, a];
  for (const member of from.members) {
    member.group = into;
    into.members.push(member);
  }
  into.bottom = Math.max(into.bottom, from.bottom);
}

/** The other end of a link. */
export function otherEnd(link: Link, candidate: Candidate): Candidate {
  return link.a === candidate ? link.b : link.a;
}

/** IoU inside the box that both patches cover. */
export function iouInBoth({ shared, aInBoth, bInBoth }: Link): number {
  return shared / (aInBoth + bInBoth - shared);
}

function agreement({ shared, aInBoth, bInBoth }: Link): number {
  return shared / Math.min(aInBoth, bInBoth);
}

/** Whether a whole candidate stands for the other end of the link too. */
export function standsFor(whole: Candidate, link: Link): boolean {
  const other = otherEnd(link, whole);
  const [own, its] = [whole.spans.area, other.spans.area];
  const { shared } = link;
  if (shared >= SAME_IOU * (own + its - shared)) return true;
  // A small whole mask inside a large cut one is a fragment and stands for nothing but itself.
  return other.cut
    ? shared >= PIECE_CONTAINED * its
    : shared >= SAME_CONTAINED * Math.min(own, its);
}

/**
 * Whether two cut candidates are parts of one object that no patch has whole: each ends only because
 * its patch does, or they are alike where both patches look, or one is little more than a part of the other.
 */
export function goesOn(link: Link): boolean {
  if (agreement(link) < JOIN_AGREEMENT) return false;
  const smaller = Math.min(link.a.spans.area, link.b.spans.area);
  return link.bothCut || iouInBoth(link) >= ALIKE_IOU || link.shared >= JOIN_AGREEMENT * smaller;
}

/**
 * Whether two regions belong together: they agree where both patches see them, either are alike
 * there or end only because a patch does, and neither has a rival that fits better.
 */
export function belongTogether(link: Link): boolean {
  if (agreement(link) < JOIN_AGREEMENT) return false;
  const smaller = Math.min(link.a.spans.area, link.b.spans.area);
  const sameObject =
    iouInBoth(link) >= ALIKE_IOU ||
    link.bothCut ||
    (link.eitherCut && link.shared >= JOIN_AGREEMENT * smaller);
  return sameObject && !hasBetterRival(link, link.a) && !hasBetterRival(link, link.b);
}

/**
 * Whether the candidate fits better with another mask of the other end's patch that lies over the
 * other end: of nested regions, outer goes with outer and inner with inner.
 */
function hasBetterRival(link: Link, candidate: Candidate): boolean {
  const other = otherEnd(link, candidate);
  return candidate.links!.some((rivalLink) => {
    const rival = otherEnd(rivalLink, candidate);
    if (rival === other || rival.patch !== other.patch) return false;
    if (iouInBoth(rivalLink) <= iouInBoth(link)) return false;
    const smaller = Math.min(rival.spans.area, other.spans.area);
    return intersectionArea(rival.spans, other.spans) >= NESTED * smaller;
  });
}
