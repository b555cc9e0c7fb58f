import { deflateSync } from "node:zlib";
import type { Size } from "../../src/geometry.ts";
import { busy, paint } from "./paint.ts";
import { ASCII, BYTE, type Directory, LONG, RATIONAL, SHORT, writeTiff } from "./write-tiff.ts";

/** RGB of a pixel of a painted level. */
export type Painter = (x: number, y: number) => readonly [number, number, number];

/** A tiled, deflated RGB picture: what it decodes to does not depend on an encoder. */
export function tiled(
  size: Size,
  tile: Size,
  at: Painter,
  tags: Directory["tags"] = {},
  isStored: (column: number, row: number) => boolean = () => true,
): Directory {
  const blocks: Uint8Array[] = [];
  const columns = Math.ceil(size.width / tile.width);
  const rows = Math.ceil(size.height / tile.height);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const pixels = paint(tile.width, tile.height, (x, y) =>
        at(column * tile.width + x, row * tile.height + y),
      );
      blocks.push(isStored(column, row) ? deflateSync(pixels) : new Uint8Array(0));
    }
  }
  return {
    blocks,
    blockTags: [324, 325],
    tags: {
      256: [LONG, [size.width]],
      257: [LONG, [size.height]],
      258: [SHORT, [8, 8, 8]],
      259: [SHORT, [8]],
      262: [SHORT, [2]],
      277: [SHORT, [3]],
      284: [SHORT, [1]],
      322: [LONG, [tile.width]],
      323: [LONG, [tile.height]],
      ...tags,
    },
  };
}

/** A painter whose pictures differ by `shade`. */
export function shaded(shade: number): Painter {
  return (x, y) => {
    const [r, g, b] = busy(x, y);
    return [(r + shade) % 256, g, b];
  };
}

const PHILIPS_TILE: Size = { width: 64, height: 48 };

/** Philips TIFF: three levels padded to whole tiles, a tile not stored, label and macro. */
export async function writePhilips(path: string, spacing = philipsSpacing): Promise<void> {
  const xml = philipsXml(spacing);
  const level = (columns: number, rows: number, shade: number, tags: Directory["tags"]) =>
    tiled(
      { width: columns * PHILIPS_TILE.width, height: rows * PHILIPS_TILE.height },
      PHILIPS_TILE,
      shaded(shade),
      { 305: [ASCII, "Philips DP v1.0"], ...tags },
      (column, row) => !(shade === 0 && column === 1 && row === 1),
    );
  const aside = (name: string) =>
    ({
      ...strip({ width: 20, height: 10 }),
      tags: { ...strip({ width: 20, height: 10 }).tags, 270: [ASCII, name] },
    }) as Directory;
  await writeTiff(path, "big", [
    level(5, 4, 0, { 270: [ASCII, xml] }),
    level(3, 2, 60, { 254: [LONG, [1]] }),
    level(2, 1, 120, { 254: [LONG, [1]] }),
    aside("Macro -offset=(0,0)-pixelsize=(0.0315,0.0315)-rois=((0,0,0,0))"),
    aside("Label"),
  ]);
}

/** mm of rows, then of columns, as DICOM has them. */
const philipsSpacing = (level: number): string =>
  `&quot;${0.000226907 * 2 ** level}&quot; &quot;${0.000226891 * 2 ** level}&quot;`;

function philipsXml(spacing: (level: number) => string): string {
  const attribute = (name: string, value: string, kind = "IString") =>
    `<Attribute Name="${name}" Group="0x0028" Element="0x0030" PMSVR="${kind}">${value}</Attribute>`;
  const representations = [0, 1, 2].map(
    (level) =>
      `<DataObject ObjectType="PixelDataRepresentation">${attribute("DICOM_PIXEL_SPACING", spacing(level), "IDoubleArray")}${attribute("PIIM_PIXEL_DATA_REPRESENTATION_NUMBER", String(level), "IUInt16")}</DataObject>`,
  );
  const image = (type: string, inside: string) =>
    `<DataObject ObjectType="DPScannedImage">${attribute("PIM_DP_IMAGE_TYPE", type)}${inside}</DataObject>`;
  const images = [
    image("MACROIMAGE", attribute("PIM_DP_IMAGE_DATA", "/9j/4AAQSkZJRg==")),
    image(
      "WSI",
      `${attribute("DICOM_PIXEL_SPACING", spacing(0), "IDoubleArray")}${attribute("PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE", `<Array>${representations.join("")}</Array>`, "IDataObjectArray")}`,
    ),
    image("LABELIMAGE", attribute("PIM_DP_IMAGE_DATA", "/9j/4AAQSkZJRg==")),
  ];
  return `<?xml version="1.0" encoding="UTF-8" ?><DataObject ObjectType="DPUfsImport">${attribute("DICOM_MANUFACTURER", "PHILIPS")}${attribute("PIM_DP_UFS_BARCODE", "U0VDUkVU")}${attribute("PIM_DP_SCANNED_IMAGES", `<Array>${images.join("")}</Array>`, "IDataObjectArray")}</DataObject>`;
}

/** An uncompressed picture in one strip: label or macro. */
export function strip(size: Size): Directory {
  return {
    blocks: [paint(size.width, size.height, busy)],
    blockTags: [273, 279],
    tags: {
      256: [LONG, [size.width]],
      257: [LONG, [size.height]],
      258: [SHORT, [8, 8, 8]],
      259: [SHORT, [1]],
      262: [SHORT, [2]],
      277: [SHORT, [3]],
      278: [LONG, [size.height]],
    },
  };
}

/** Nanometres of a pixel at level 0 of the SCN written here, and by how much a level is coarser. */
const [SCN_NM, SCN_STEP] = [250, 4] as const;

/** Leica SCN: a macro image and two areas of two levels, apart on the slide, one with a second focal plane. */
export async function writeLeica(
  path: string,
  change: (xml: string) => string = (xml) => xml,
): Promise<void> {
  const tile = { width: 64, height: 64 };
  const areas = [
    { x: 40, y: 24, width: 200, height: 120, shade: 0 },
    { x: 280, y: 200, width: 96, height: 88, shade: 70 },
  ];
  const directories: Directory[] = [tiled({ width: 60, height: 45 }, tile, shaded(200))];
  const nm = (pixels: number): number => pixels * SCN_NM;
  const images: string[] = [];
  const image = (dimensions: string, view: string, objective: number) =>
    `<image name="n" uuid="u"><creationDate>2012-01-01T00:00:00Z</creationDate><device model="SCN400" version="1"/><pixels sizeX="1" sizeY="1">${dimensions}</pixels><view ${view} spacingZ="0"/><scanSettings><objectiveSettings><objective>${objective}</objective></objectiveSettings><illuminationSettings><numericalAperture>0.65</numericalAperture><illuminationSource>brightfield</illuminationSource></illuminationSettings></scanSettings></image>`;
  images.push(
    image(
      '<dimension sizeX="60" sizeY="45" r="0" ifd="0"/>',
      `sizeX="${nm(480)}" sizeY="${nm(360)}" offsetX="0" offsetY="0"`,
      0.6,
    ),
  );
  const perCentimetre = 1e7 / SCN_NM;
  const resolution = (scale: number): Directory["tags"] => ({
    282: [RATIONAL, [perCentimetre / scale]],
    283: [RATIONAL, [perCentimetre / scale]],
    296: [SHORT, [3]],
  });
  for (const { x, y, width, height, shade } of areas) {
    const ifd = directories.length;
    const coarse = { width: width / SCN_STEP, height: height / SCN_STEP };
    directories.push(
      tiled({ width, height }, tile, shaded(shade), resolution(1)),
      tiled({ width, height }, tile, shaded(255), resolution(1)),
      tiled(coarse, tile, shaded(shade + 20), resolution(SCN_STEP)),
    );
    images.push(
      image(
        `<dimension sizeX="${coarse.width}" sizeY="${coarse.height}" r="1" z="0" ifd="${ifd + 2}"/><dimension sizeX="${width}" sizeY="${height}" r="0" z="0" ifd="${ifd}"/><dimension sizeX="${width}" sizeY="${height}" r="0" z="1" ifd="${ifd + 1}"/>`,
        `sizeX="${nm(width)}" sizeY="${nm(height)}" offsetX="${nm(x)}" offsetY="${nm(y)}"`,
        20,
      ),
    );
  }
  const xml = `<?xml version="1.0"?><scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01" uuid="u"><collection name="c" uuid="u" sizeX="${nm(480)}" sizeY="${nm(360)}" dimension="1"><barcode>U0VDUkVU</barcode>${images.join("")}</collection></scn>`;
  const [first, ...rest] = directories;
  const described = { ...first!, tags: { ...first!.tags, 270: [ASCII, change(xml)] as const } };
  await writeTiff(path, "big", [described, ...rest]);
}

/** A scanned area of a BIF to be written: its grid, where in the stored grid it begins, its place, its overlaps. */
export interface BifArea {
  readonly columns: number;
  readonly rows: number;
  readonly first: { readonly column: number; readonly row: number };
  readonly x: number;
  /** Upwards. */
  readonly y: number;
  readonly overlap: Size;
}

export const BIF_TILE: Size = { width: 64, height: 64 };
const BIF_GRID = { columns: 5, rows: 3 } as const;
const BIF_LEVELS = [0, 1, 2] as const;

/** Two areas of a scanner before the DP series. */
export const BIF_AREAS: readonly BifArea[] = [
  {
    columns: 3,
    rows: 3,
    first: { column: 0, row: 0 },
    x: 24,
    y: 40,
    overlap: { width: 8, height: 8 },
  },
  {
    columns: 2,
    rows: 2,
    first: { column: 3, row: 1 },
    x: 240,
    y: 100,
    overlap: { width: 8, height: 8 },
  },
];

/** Shade of the stored grid of a level. */
export const bifShade = (level: number): number => level * 50;

/** Ventana BIF: label image, thumbnail, and three levels of overlapping tiles. */
export async function writeVentana(
  path: string,
  areas: readonly BifArea[] | null = BIF_AREAS,
  model = "",
  change: (xml: string) => string = (xml) => xml,
): Promise<void> {
  const scan = `<iScan Magnification='20' ScanRes='0,465' ScannerModel='${model}' UserName='SECRET' BarCode1D='SECRET'/>`;
  const encode = areas === null ? "" : change(encodeInfo(areas, scan));
  const aside = (description: string, tags: Directory["tags"]): Directory => {
    const picture = tiled({ width: 64, height: 64 }, BIF_TILE, shaded(3));
    return { ...picture, tags: { ...picture.tags, 270: [ASCII, description], ...tags } };
  };
  const levels = BIF_LEVELS.map((level) => {
    const size = {
      width: (BIF_GRID.columns * BIF_TILE.width) >> level,
      height: (BIF_GRID.rows * BIF_TILE.height) >> level,
    };
    return tiled(size, BIF_TILE, shaded(bifShade(level)), {
      270: [ASCII, `level=${level} mag=${20 / 2 ** level} quality=95`],
      ...(level === 0 && encode ? { 700: [BYTE, [...Buffer.from(encode)]] as const } : {}),
    });
  });
  await writeTiff(path, "big", [
    aside("Label Image", { 700: [BYTE, [...Buffer.from(scan)]] }),
    aside("Thumbnail", {}),
    ...levels,
  ]);
}

function encodeInfo(areas: readonly BifArea[], scan: string): string {
  const infos = areas.map(({ columns, rows, x, y, overlap }, i) => {
    // Tiles are counted from the lower left, to and fro.
    const tile = (column: number, row: number): number => {
      const fromBottom = rows - 1 - row;
      return fromBottom * columns + (fromBottom % 2 ? columns - 1 - column : column) + 1;
    };
    const joint = (a: number, b: number, direction: string, width: number, height: number) =>
      `<TileJointInfo FlagJoined='1' Confidence='98' Direction='${direction}' Tile1='${a}' Tile2='${b}' OverlapX='${width}' OverlapY='${height}'/>`;
    const joints: string[] = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const own = tile(column, row);
        if (column + 1 < columns)
          joints.push(joint(own, tile(column + 1, row), "RIGHT", overlap.width, 3));
        if (row > 0) joints.push(joint(own, tile(column, row - 1), "UP", -2, overlap.height));
      }
    }
    return `<ImageInfo AOIScanned='1' AOIIndex='${i}' NumRows='${rows}' NumCols='${columns}' Width='${BIF_TILE.width}' Height='${BIF_TILE.height}' Pos-X='${x}' Pos-Y='${y}'>${joints.join("")}</ImageInfo>`;
  });
  const origins = areas.map(
    ({ first }, i) =>
      `<AOI${i} OriginX='${first.column * BIF_TILE.width}' OriginY='${first.row * BIF_TILE.height}'/>`,
  );
  return `<?xml version='1.0'?><EncodeInfo Ver='2'><SlideInfo BaseName='SECRET'>${scan}</SlideInfo><SlideStitchInfo>${infos.join("")}</SlideStitchInfo><AoiOrigin>${origins.join("")}</AoiOrigin></EncodeInfo>`;
}

/** The slides that are compared with OpenSlide, by file name. */
export const VENDOR_SLIDES: Readonly<Record<string, (path: string) => Promise<void>>> = {
  "abutting.bif": (path) => writeVentana(path, null),
  "areas.scn": writeLeica,
  "overlapping.bif": (path) => writeVentana(path),
  "padded.tiff": writePhilips,
};
