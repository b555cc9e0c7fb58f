import type { Box, Size } from "../geometry.ts";
import { planResize, readResized } from "../tiler/read-resized.ts";
import type { Slide } from "../tiler/slide.ts";
import { encodeJpeg, encodePng } from "../tiler/tiles.ts";
import { grayPicture, type Turn, turnPicture } from "../tiler/turn-picture.ts";
import type { Content } from "./send-bytes.ts";

/** A picture that is asked for: what is cut out, how large it becomes, and what is done to it then. */
export interface Rendering {
  /** Level-0 px. */
  readonly box: Box;
  /** Before it is turned. */
  readonly size: Size;
  readonly turn: Turn;
  readonly gray: boolean;
  readonly format: PictureFormat;
}

export type PictureFormat = "jpg" | "png";

export const MIME = { jpg: "image/jpeg", png: "image/png" } as const;

/** As it lies on the slide. */
export const UPRIGHT: Turn = { mirrored: false, quarters: 0 };

/** Pictures made at once, in the whole process: each holds its pixels, and the cores are few. */
const AT_ONCE = 4;

/** Cuts out, resizes, turns and encodes. Throws CorruptSlideError. */
export async function render(slide: Slide, rendering: Rendering): Promise<Content> {
  const { box, size, turn, gray, format } = rendering;
  const upright = !turn.mirrored && turn.quarters === 0;
  const stored = upright && !gray && format === "jpg" ? storedTile(slide, box, size) : null;
  const raw = stored && (await slide.readRawTile(stored.level, stored.column, stored.row));
  if (raw) return raw;
  return inTurn(async () => {
    const cut = turnPicture(await readResized(slide, box, size), turn);
    const image = gray ? grayPicture(cut) : cut;
    const data = format === "png" ? await encodePng(image) : await encodeJpeg(image);
    return { data, mime: MIME[format] };
  });
}

/** The stored tile that is exactly what is asked for, or null. Tiles at the edge are padded: never those. */
function storedTile(slide: Slide, box: Box, size: Size) {
  const { level, across, down } = planResize(slide, box, size);
  const { tileSize, size: whole } = slide.levels[level]!;
  const isTile = size.width === tileSize.width && size.height === tileSize.height;
  if (!isTile || across !== 1 || down !== 1) return null;
  const column = (box.x * size.width) / box.width / tileSize.width;
  const row = (box.y * size.height) / box.height / tileSize.height;
  const inside =
    (column + 1) * tileSize.width <= whole.width && (row + 1) * tileSize.height <= whole.height;
  return inside && Number.isInteger(column) && Number.isInteger(row)
    ? { level, column, row }
    : null;
}

let making = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (making >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else making++;
  try {
    return await work();
  } finally {
    // The place goes to the next in the queue, or becomes free.
    const next = waiting.shift();
    if (next) next();
    else making--;
  }
}
