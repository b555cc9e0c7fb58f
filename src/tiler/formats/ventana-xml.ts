import { UnsupportedSlideError } from "../../errors.ts";
import { parseDecimal } from "../resolution.ts";
import type { Tiff } from "../tiff/structure.ts";
import { childrenOf, findAll, parseXml, type XmlElement } from "../xml.ts";

/** What is kept of an iScan element. Operator, dates, barcode and paths are not read. */
export interface ScanFacts {
  /** µm/px. */
  readonly scanRes: number | null;
  readonly magnification: number | null;
  readonly scannerModel: string;
}

/** By how much two neighbouring camera frames overlap; positions are of the area's grid, row 0 on top. */
export interface TileJoint {
  readonly axis: "x" | "y";
  /** Column or row of the left or upper of the two: which gap it measures. */
  readonly gap: number;
  /** Pixels along the axis. */
  readonly overlap: number;
  readonly confidence: number;
  readonly joined: boolean;
}

/** A scanned area: a part of the stored grid of tiles, and where it lies. */
export interface ScanArea {
  readonly columns: number;
  readonly rows: number;
  /** Its upper left tile in the stored grid, as pixels of that grid. */
  readonly origin: { readonly x: number; readonly y: number };
  /** Its left and lower edge, y counted upwards; px. */
  readonly position: { readonly x: number; readonly y: number };
  readonly tile: { readonly width: number; readonly height: number };
  readonly joints: readonly TileJoint[];
}

/** Reads XMP that may hold an iScan element; null where it holds none. Throws CorruptSlideError. */
export function parseScan(tiff: Pick<Tiff, "corrupt">, xmp: string): ScanFacts | null {
  const element = elementsOf(tiff, xmp, "iScan")[0];
  if (!element) return null;
  const { ScanRes, Magnification, ScannerModel } = element.attributes;
  return {
    scanRes: parseDecimal(ScanRes),
    magnification: parseDecimal(Magnification),
    scannerModel: ScannerModel?.trim() ?? "",
  };
}

/**
 * Reads the EncodeInfo of level 0: the areas that were scanned. Null where the XMP holds none (its tiles then abut).
 *
 * Throws UnsupportedSlideError where it is not as Roche describes it, CorruptSlideError.
 */
export function parseEncodeInfo(tiff: Tiff, xmp: string): readonly ScanArea[] | null {
  const root = elementsOf(tiff, xmp, "EncodeInfo")[0];
  if (!root) return null;
  const version = parseDecimal(root.attributes.Ver);
  if (version === null || version < 2) {
    throw notUnderstood(tiff, `is of version ${root.attributes.Ver ?? "none"}, 2 is read`);
  }
  const origins = new Map<string, XmlElement>();
  for (const parent of childrenOf(root, "AoiOrigin")) {
    for (const child of parent.children) origins.set(child.name, child);
  }
  const areas: ScanArea[] = [];
  const infos = childrenOf(root, "SlideStitchInfo").flatMap((info) =>
    childrenOf(info, "ImageInfo"),
  );
  for (const [i, info] of infos.entries()) {
    if (info.attributes.AOIScanned === "0") continue;
    const origin = origins.get(`AOI${info.attributes.AOIIndex ?? i}`);
    if (!origin)
      throw notUnderstood(tiff, `has no origin for area ${info.attributes.AOIIndex ?? i}`);
    areas.push(parseArea(tiff, info, origin));
  }
  if (areas.length === 0) throw notUnderstood(tiff, "names no scanned area");
  return areas;
}

function parseArea(tiff: Tiff, info: XmlElement, origin: XmlElement): ScanArea {
  const number = (element: XmlElement, key: string): number => {
    const value = parseDecimal(element.attributes[key]);
    if (value !== null && Number.isFinite(value)) return value;
    throw notUnderstood(tiff, `has ${element.name} with ${key}="${element.attributes[key] ?? ""}"`);
  };
  const columns = number(info, "NumCols");
  const rows = number(info, "NumRows");
  const tiles = columns * rows;
  if (!(Number.isInteger(columns) && Number.isInteger(rows) && columns > 0 && rows > 0)) {
    throw notUnderstood(tiff, `has an area of ${columns}×${rows} tiles`);
  }
  const joints = childrenOf(info, "TileJointInfo").map((joint): TileJoint => {
    const [a, b] = [number(joint, "Tile1"), number(joint, "Tile2")];
    const direction = joint.attributes.Direction ?? "";
    const place = (tile: number) => serpentine(tile, columns, rows);
    const step = STEPS[direction];
    const inside = [a, b].every((tile) => Number.isInteger(tile) && tile >= 1 && tile <= tiles);
    if (!inside || !step) {
      throw notUnderstood(
        tiff,
        `joins tiles ${a} and ${b} of ${tiles} in direction "${direction}"`,
      );
    }
    const [from, to] = [place(a), place(b)];
    if (to.column - from.column !== step.x || to.row - from.row !== step.y) {
      throw notUnderstood(tiff, `joins tiles ${a} and ${b}, which are no neighbours, ${direction}`);
    }
    const axis = step.x === 0 ? "y" : "x";
    return {
      axis,
      gap: axis === "x" ? Math.min(from.column, to.column) : Math.min(from.row, to.row),
      overlap: number(joint, axis === "x" ? "OverlapX" : "OverlapY"),
      confidence: Math.max(0, parseDecimal(joint.attributes.Confidence) ?? 0),
      joined: joint.attributes.FlagJoined !== "0",
    };
  });
  return {
    columns,
    rows,
    origin: { x: number(origin, "OriginX"), y: number(origin, "OriginY") },
    position: {
      x: parseDecimal(info.attributes["Pos-X"]) ?? 0,
      y: parseDecimal(info.attributes["Pos-Y"]) ?? 0,
    },
    tile: { width: number(info, "Width"), height: number(info, "Height") },
    joints,
  };
}

const STEPS: Readonly<Record<string, { readonly x: number; readonly y: number }>> = {
  RIGHT: { x: 1, y: 0 },
  LEFT: { x: -1, y: 0 },
  UP: { x: 0, y: -1 },
  DOWN: { x: 0, y: 1 },
};

/** Joints count tiles from 1 as the camera went: from the lower left, right, then back left, upwards. */
export function serpentine(
  tile: number,
  columns: number,
  rows: number,
): { readonly column: number; readonly row: number } {
  const fromBottom = Math.floor((tile - 1) / columns);
  const along = (tile - 1) % columns;
  return {
    column: fromBottom % 2 === 0 ? along : columns - 1 - along,
    row: rows - 1 - fromBottom,
  };
}

function elementsOf(tiff: Pick<Tiff, "corrupt">, xmp: string, name: string): XmlElement[] {
  if (!xmp.includes(`<${name}`)) return [];
  try {
    const root = parseXml(xmp);
    return root ? findAll(root, name) : [];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw tiff.corrupt(`its Ventana XML cannot be read (${why})`);
  }
}

/** The refusal of a BIF whose EncodeInfo is not as documented. */
export function notUnderstood(tiff: Pick<Tiff, "source">, what: string): UnsupportedSlideError {
  const { path } = tiff.source;
  return new UnsupportedSlideError(
    `${path} is a Ventana BIF whose EncodeInfo ${what}, so that its overlapping tiles cannot be placed; convert it where you have Roche's software or Bio-Formats, e.g. \`bfconvert -tilex 512 -tiley 512 IN.bif out.ome.tiff\`.`,
    { path },
  );
}
