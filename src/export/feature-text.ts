import type { InstanceSource } from "../store/instance-source.ts";
import type { FeatureBytes } from "./feature-bytes.ts";
import { Piece, type TextBytes } from "./text-bytes.ts";

/** What stands before a feature: before the first of a file, and before every other. */
export const FIRST = new Piece("\n");
export const NEXT = new Piece(",\n");

/** Objects at positions from `from` up to `to` in their source's order. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The text of some features, {@link NEXT} before each. */
export interface FeatureText {
  readonly text: Uint8Array;
  readonly objects: number;
}

/** Writes the features of a stretch of a source that has blocks, {@link NEXT} before each. */
export async function appendStretch(
  source: Pick<InstanceSource, "blocks">,
  { from, to }: Stretch,
  features: FeatureBytes,
  out: TextBytes,
): Promise<void> {
  for await (const block of source.blocks!(from, to)) {
    const end = Math.min(block.count, to - block.first);
    for (let i = Math.max(0, from - block.first); i < end; i++) {
      out.put(NEXT);
      features.appendFrom(block, i, out);
    }
  }
}

/** The stretch cut where the source's blocks of about so many bytes end. */
export function cutStretch(
  source: Pick<InstanceSource, "cuts">,
  { from, to }: Stretch,
  bytes: number,
): Stretch[] {
  const inside = source.cuts!(bytes).filter((cut) => cut > from && cut < to);
  const edges = [from, ...inside, to];
  return edges.slice(1).map((end, i) => ({ from: edges[i]!, to: end }));
}
