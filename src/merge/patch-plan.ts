import Flatbush from "flatbush";
import type { Box } from "../geometry.ts";
import type { PlannedPatch } from "../tiler/patch.ts";

/** What lies around a patch. */
export interface Surroundings {
  /** Other patches that share pixels or a border with it, in the order of the plan. */
  readonly others: readonly PlannedPatch[];
  /** The sides beyond which another patch goes on. */
  readonly left: boolean;
  readonly right: boolean;
  readonly top: boolean;
  readonly bottom: boolean;
}

/** A plan's patches with what lies around each, found once. */
export class PatchPlan {
  /** Rows of the plan from the top, each from the left. */
  readonly rows: readonly (readonly PlannedPatch[])[];
  /** The smallest box that holds all patches, grid px. */
  readonly extent: Box;
  private readonly patches: readonly PlannedPatch[];
  private readonly index: Flatbush | null;

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
    const { minX: x = 0, minY: y = 0, maxX = 0, maxY = 0 } = this.index ?? {};
    this.extent = { x, y, width: maxX - x, height: maxY - y };
  }

  /** For every row of the plan the first grid row that a later patch can still reach. */
  closingRows(): number[] {
    const closing: number[] = new Array(this.rows.length);
    let top = Number.POSITIVE_INFINITY;
    for (let r = this.rows.length - 1; r >= 0; r--) {
      closing[r] = top;
      for (const patch of this.rows[r]!) top = Math.min(top, patch.gridBox.y);
    }
    return closing;
  }

  around(patch: PlannedPatch): Surroundings {
    const { x, y, width, height } = patch.gridBox;
    const others = this.index!.search(x, y, x + width, y + height)
      .map((i) => this.patches[i]!)
      .filter((other) => other !== patch)
      .sort((a, b) => a.index - b.index);
    const boxes = others.map((other) => other.gridBox);
    return {
      others,
      left: boxes.some((box) => box.x < x),
      right: boxes.some((box) => box.x + box.width > x + width),
      top: boxes.some((box) => box.y < y),
      bottom: boxes.some((box) => box.y + box.height > y + height),
    };
  }
}
