import Flatbush from "flatbush";
import type { PlannedPatch } from "../tiler/patch.ts";

/** The sides of a patch beyond which another patch goes on. */
export interface SeamSides {
  readonly left: boolean;
  readonly right: boolean;
  readonly top: boolean;
  readonly bottom: boolean;
}

/** A plan's patches with what lies around each, found once. */
export class PatchPlan {
  /** Rows of the plan from the top, each from the left. */
  readonly rows: readonly (readonly PlannedPatch[])[];
  private readonly patches: readonly PlannedPatch[];
  private readonly index: Flatbush | null;
  private readonly around = new Map<PlannedPatch, readonly PlannedPatch[]>();
  private readonly sides = new Map<PlannedPatch, SeamSides>();

  constructor(patches: readonly PlannedPatch[]) {
    this.patches = [...patches].sort((a, b) => a.row - b.row || a.index - b.index);
    const rows = new Map<number, PlannedPatch[]>();
    for (const patch of this.patches) {
      const row = rows.get(patch.row);
      if (row === undefined) rows.set(patch.row, [patch]);
      else row.push(patch);
    }
    this.rows = [...rows.values()];
    this.index = patches.length > 0 ? new Flatbush(patches.length) : null;
    for (const { gridBox: box } of this.patches) {
      this.index?.add(box.x, box.y, box.x + box.width, box.y + box.height);
    }
    this.index?.finish();
  }

  /** Other patches that share pixels or a border with this one, in the order of the plan. */
  neighbours(patch: PlannedPatch): readonly PlannedPatch[] {
    let found = this.around.get(patch);
    if (found === undefined) {
      const { x, y, width, height } = patch.gridBox;
      found = this.index!.search(x, y, x + width, y + height)
        .map((i) => this.patches[i]!)
        .filter((other) => other !== patch)
        .sort((a, b) => a.index - b.index);
      this.around.set(patch, found);
    }
    return found;
  }

  seamSides(patch: PlannedPatch): SeamSides {
    let sides = this.sides.get(patch);
    if (sides === undefined) {
      const own = patch.gridBox;
      const others = this.neighbours(patch).map((other) => other.gridBox);
      sides = {
        left: others.some((box) => box.x < own.x),
        right: others.some((box) => box.x + box.width > own.x + own.width),
        top: others.some((box) => box.y < own.y),
        bottom: others.some((box) => box.y + box.height > own.y + own.height),
      };
      this.sides.set(patch, sides);
    }
    return sides;
  }

  /** Forgets what was found for the patches of a row that is done. */
  forget(row: readonly PlannedPatch[]): void {
    for (const patch of row) {
      this.around.delete(patch);
      this.sides.delete(patch);
    }
  }
}
