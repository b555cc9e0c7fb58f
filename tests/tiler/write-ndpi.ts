import sharp from "sharp";
import type { Size } from "../../src/geometry.ts";
import { busy, paint, rgb } from "./paint.ts";
import {
  ASCII,
  type Directory,
  FLOAT,
  LONG,
  RATIONAL,
  SHORT,
  SLONG,
  writeTiff,
} from "./write-tiff.ts";

/** A picture of an NDPI to be written. */
export interface NdpiPicture {
  readonly size: Size;
  /** SourceLens: the objective; −1 for the macro image, −2 for the map. */
  readonly lens: number;
  /** Nanometres. */
  readonly plane?: number;
  /** Colours halved along both axes, as older scanners do: MCUs of 16 px. */
  readonly halved?: boolean;
  /** Pixels of a restart interval, whole MCUs (of 8 px); none where absent. */
  readonly piece?: Size;
  /** What McuStarts says of where the intervals begin. */
  readonly starts?: "right" | "wrong" | "absent";
  /** What the JPEG says of its size where that is not its size. */
  readonly claims?: Size;
  /** Tags put in, or over the usual ones. */
  readonly tags?: Directory["tags"];
  /** Byte added to every sample, so that pictures differ. */
  readonly shade?: number;
}

/** A written picture: the RGB that its pieces decode to, each by itself. */
export interface WrittenPicture {
  /** The JPEG stream as it is in the file. */
  readonly jpeg: Uint8Array;
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Writes an NDPI as NDP.scan lays it out: JPEG, values, directory, 64-bit links, high words.
 *
 * A restart interval is what a JPEG of its own holds, so each is encoded alone, and decoded alone
 * for the pixels expected.
 */
export async function writeNdpi(
  path: string,
  pictures: readonly NdpiPicture[],
  base = 16,
): Promise<WrittenPicture[]> {
  const directories: Directory[] = [];
  const written: WrittenPicture[] = [];
  for (const picture of pictures) {
    const { jpeg, starts, data } = await encodePicture(picture);
    written.push({ jpeg, data, ...picture.size });
    const { width, height } = picture.size;
    const wrong = picture.starts === "wrong" ? 3 : 0;
    const perCentimetre = Math.round(10_000 / (10 / Math.max(picture.lens, 0.1)));
    directories.push({
      blocks: [jpeg],
      blockTags: [273, 279],
      tags: {
        256: [LONG, [width]],
        257: [LONG, [height]],
        258: [SHORT, [8, 8, 8]],
        259: [SHORT, [7]],
        262: [SHORT, [6]],
        271: [ASCII, "Hamamatsu"],
        272: [ASCII, "C9"],
        277: [SHORT, [3]],
        278: [LONG, [height]],
        282: [RATIONAL, [perCentimetre]],
        283: [RATIONAL, [perCentimetre]],
        296: [SHORT, [3]],
        306: [ASCII, "2017:02:07 13:06:43"],
        65420: [SHORT, [1]],
        65421: [FLOAT, [picture.lens]],
        65423: [SLONG, [-96_063]],
        65424: [SLONG, [picture.plane ?? 0]],
        ...(picture.piece && picture.starts !== "absent"
          ? { 65426: [LONG, starts.map((start) => start + wrong)] as const }
          : {}),
        65442: [ASCII, "950291"],
        ...picture.tags,
      },
    });
  }
  await writeTiff(path, "ndpi", directories, base);
  return written;
}

async function encodePicture(
  picture: NdpiPicture,
): Promise<{ jpeg: Uint8Array; starts: number[]; data: Uint8Array }> {
  const { size, shade = 0 } = picture;
  const piece = picture.piece ?? size;
  const data = new Uint8Array(size.width * size.height * 3);
  const intervals: Buffer[] = [];
  let header = Buffer.alloc(0);
  for (let y = 0; y < size.height; y += piece.height) {
    for (let x = 0; x < size.width; x += piece.width) {
      const width = Math.min(piece.width, size.width - x);
      const height = Math.min(piece.height, size.height - y);
      const pixels = paint(width, height, (i, j) => {
        const [r, g, b] = busy((x + i) >> 1, y + j);
        return [(r + shade) % 256, g, b];
      });
      const alone = await rgb(pixels, width, height)
        .jpeg({
          quality: 90,
          chromaSubsampling: picture.halved ? "4:2:0" : "4:4:4",
          optimiseCoding: false,
        })
        .toBuffer();
      const { data: decoded } = await rgbOf(alone);
      for (let j = 0; j < height; j++) {
        const row = decoded.subarray(j * width * 3, (j + 1) * width * 3);
        data.set(row, ((y + j) * size.width + x) * 3);
      }
      const scan = alone.indexOf(Buffer.from([0xff, 0xda]));
      const coded = scan + 2 + alone.readUInt16BE(scan + 2);
      if (intervals.length === 0) header = Buffer.from(alone.subarray(0, coded));
      intervals.push(alone.subarray(coded, alone.length - 2));
    }
  }
  return { ...joinStream(header, picture, intervals), data };
}

async function rgbOf(jpeg: Buffer): Promise<{ data: Buffer }> {
  return sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
}

/** The header with the whole picture's size and a DRI segment, then the intervals with markers between them. */
function joinStream(
  header: Buffer,
  picture: NdpiPicture,
  intervals: readonly Buffer[],
): { jpeg: Uint8Array; starts: number[] } {
  const { width, height } = picture.claims ?? picture.size;
  const frame = header.indexOf(Buffer.from([0xff, 0xc0]));
  header.writeUInt16BE(height, frame + 5);
  header.writeUInt16BE(width, frame + 7);
  const parts: Buffer[] = [header];
  if (picture.piece) {
    const mcu = picture.halved ? 16 : 8;
    const mcus = (picture.piece.width / mcu) * (picture.piece.height / mcu);
    const scan = header.indexOf(Buffer.from([0xff, 0xda]));
    const dri = Buffer.from([0xff, 0xdd, 0, 4, mcus >> 8, mcus & 255]);
    parts.splice(0, 1, header.subarray(0, scan), dri, header.subarray(scan));
  }
  let at = parts.reduce((sum, part) => sum + part.length, 0);
  const starts: number[] = [];
  intervals.forEach((interval, i) => {
    const last = i === intervals.length - 1;
    starts.push(at);
    parts.push(interval, Buffer.from([0xff, last ? 0xd9 : 0xd0 + (i % 8)]));
    at += interval.length + 2;
  });
  return { jpeg: Buffer.concat(parts), starts };
}
