import { access } from "node:fs/promises";
import sharp from "sharp";
import { MicrotomeError } from "../errors.ts";

/** A label image as a PNG holds it: 0 is background, every other number one object. */
export interface LabelPng {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** width × height numbers, rows top to bottom. */
  readonly data: Uint16Array;
}

/**
 * Reads a grey PNG of instance numbers, 16-bit (all of 0–65535 kept) or 8-bit; colour profiles are
 * ignored, since the values are names and not light.
 *
 * @throws MicrotomeError `input-not-found`; `corrupt-file` when it is not a grey PNG of one channel
 *   (a palette or colour picture of labels has lost its numbers) or ends too early
 */
export async function readLabelPng(path: string): Promise<LabelPng> {
  try {
    await access(path);
  } catch (cause) {
    throw new MicrotomeError(
      "input-not-found",
      `${path}: no such label image, or it cannot be read. Check the path.`,
      { path },
      cause,
    );
  }
  const source = sharp(path, { ignoreIcc: true, limitInputPixels: 2 ** 30, failOn: "error" });
  const { format, space, channels } = await source.metadata().catch((cause: unknown) => {
    throw damaged(path, "is not a picture", cause);
  });
  if (format !== "png" || channels !== 1 || (space !== "grey16" && space !== "b-w")) {
    throw damaged(path, `is ${format}, ${channels} channel(s), ${space}`);
  }
  // Without a colour space of its own depth, sharp would squeeze the numbers into 8-bit sRGB.
  const { data, info } = await source
    .toColourspace(space)
    .raw({ depth: "ushort" })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw damaged(path, "cannot be decoded to its end", cause);
    });
  const bytes = new Uint8Array(data);
  return { width: info.width, height: info.height, data: new Uint16Array(bytes.buffer) };
}

function damaged(path: string, found: string, cause?: unknown): MicrotomeError {
  return new MicrotomeError(
    "corrupt-file",
    `${path} ${found}; expected a grey PNG, 16-bit or 8-bit, one number an object. Export the labels again.`,
    { path },
    cause,
  );
}
