import type { Outline } from "../outline.ts";

/** Objects that lie together in a source, looked at without an object for each, let alone for each point. */
export interface InstanceBlock {
  readonly count: number;
  /** Position of its first object in the source's order. */
  readonly first: number;
  /** 16 bytes of each object's UUID, end to end; null where an id is another text. */
  readonly uuids: Uint8Array | null;
  id(i: number): string;
  /** Undefined where an object is what its task calls it. */
  classification(i: number): string | undefined;
  /** A measurement by its position in MEASUREMENTS; not finite where the object has none. */
  measurement(which: number, i: number): number;
  outline(i: number, into: Outline): void;
}
