import { type Box, ringBox } from "../geometry.ts";
import { MEASUREMENTS } from "../measurements.ts";
import type { Instance } from "../merge/instance.ts";
import type { ExportSubject } from "./format.ts";

/** An object on its way into a table. */
export interface TableRow {
  readonly instance: Instance;
  readonly box: Box;
  /** What an object without a class of its own is called. */
  readonly objectName: string;
  /** µm per level-0 px. */
  readonly mpp: number;
}

/** A column of text; its name says what is in it. */
export interface TextColumn {
  readonly name: string;
  readonly description: string;
  of(row: TableRow): string;
}

/** A column of numbers; its name ends in its unit, where it has one. */
export interface NumberColumn {
  readonly name: string;
  readonly description: string;
  /** 0 for whole numbers. */
  readonly decimals: number;
  /** NaN where there is none. */
  of(row: TableRow): number;
}

export const TEXT_COLUMNS: readonly TextColumn[] = [
  {
    name: "id",
    description: "UUID, the same in every export of a run",
    of: (row) => row.instance.id,
  },
  {
    name: "class",
    description: "class, or what the task calls an object whose class is not sure",
    of: ({ instance, objectName }) => instance.classification ?? objectName,
  },
];

/** Names for tables of the measurements: a unit where QuPath's name has one in symbols. */
const MEASURED = {
  areaUm2: ["area_um2", "area less holes, square micrometres"],
  perimeterUm: ["perimeter_um", "length of all rings, micrometres"],
  circularity: ["circularity", "4 pi area / perimeter^2 of the outer ring, 0 to 1"],
  predictedIou: ["predicted_iou", "the model's own estimate of the outline's IoU, 0 to 1"],
  stabilityScore: ["stability", "how little the mask changes with its threshold, 0 to 1"],
  hematoxylinOd: ["hematoxylin_od", "mean optical density of hematoxylin"],
} as const satisfies Record<(typeof MEASUREMENTS)[number]["field"], readonly [string, string]>;

/** Columns that an outline beside them does not already tell. */
export const MEASURED_COLUMNS: readonly NumberColumn[] = [
  {
    name: "centroid_x_px",
    description: "a point inside the object, level-0 pixels from the left",
    decimals: 2,
    of: ({ instance }) => instance.centroid.x,
  },
  {
    name: "centroid_y_px",
    description: "the same point, level-0 pixels from the top",
    decimals: 2,
    of: ({ instance }) => instance.centroid.y,
  },
  {
    name: "centroid_x_um",
    description: "the same point, micrometres from the left",
    decimals: 3,
    of: ({ instance, mpp }) => instance.centroid.x * mpp,
  },
  {
    name: "centroid_y_um",
    description: "the same point, micrometres from the top",
    decimals: 3,
    of: ({ instance, mpp }) => instance.centroid.y * mpp,
  },
  ...MEASUREMENTS.map(({ field, decimals }) => {
    const [name, description] = MEASURED[field];
    return { name, description, decimals, of: ({ instance }: TableRow) => instance[field] };
  }),
];

export const NUMBER_COLUMNS: readonly NumberColumn[] = [
  ...MEASURED_COLUMNS,
  {
    name: "bbox_x_px",
    description: "left edge of the bounding box, level-0 pixels",
    decimals: 2,
    of: ({ box }) => box.x,
  },
  {
    name: "bbox_y_px",
    description: "upper edge of the bounding box, level-0 pixels",
    decimals: 2,
    of: ({ box }) => box.y,
  },
  {
    name: "bbox_width_px",
    description: "width of the bounding box, level-0 pixels",
    decimals: 2,
    of: ({ box }) => box.width,
  },
  {
    name: "bbox_height_px",
    description: "height of the bounding box, level-0 pixels",
    decimals: 2,
    of: ({ box }) => box.height,
  },
  {
    name: "vertex_count",
    description: "points of all rings, none counted twice",
    decimals: 0,
    of: ({ instance: { polygon } }) =>
      polygon.holes.reduce((sum, hole) => sum + hole.length / 2, polygon.outer.length / 2),
  },
  {
    name: "hole_count",
    description: "holes in the outline",
    decimals: 0,
    of: ({ instance }) => instance.polygon.holes.length,
  },
];

/** A row of a subject's table. */
export function rowOf(instance: Instance, { task, slide }: ExportSubject): TableRow {
  const box = ringBox(instance.polygon.outer);
  return { instance, box, objectName: task.objectName, mpp: slide.mpp };
}
