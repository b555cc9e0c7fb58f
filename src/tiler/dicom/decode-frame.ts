import type { Size } from "../../geometry.ts";
import { decodeJpegLs } from "../codecs/jpeg-ls.ts";
import { decodeJpeg2000 } from "../codecs/jpeg2000.ts";
import { spliceJpeg } from "../jpeg.ts";
import { decodePicture } from "../picture.ts";
import type { DicomInstance } from "./instance.ts";
import { jpegPhotometric } from "./jpeg-colours.ts";
import { decodeRle } from "./rle.ts";
import { rawSamples, type Samples } from "./samples.ts";

/** Decodes a frame's stored bytes. Throws plain Errors about the bytes; the caller names the frame. */
export async function decodeFrame(instance: DicomInstance, bytes: Uint8Array): Promise<Samples> {
  const { tile, pixels } = instance;
  const samples = await decode(instance, bytes, tile.width * tile.height);
  if (samples.width !== tile.width || samples.height !== tile.height) {
    throw new Error(
      `it decodes to ${samples.width}×${samples.height} px where ${tile.width}×${tile.height} were expected`,
    );
  }
  if (samples.components !== pixels.samples) {
    throw new Error(
      `it decodes to ${samples.components} components where ${pixels.samples} were expected`,
    );
  }
  return samples;
}

async function decode(
  { codec, pixels, tile }: DicomInstance,
  bytes: Uint8Array,
  most: number,
): Promise<Samples> {
  switch (codec) {
    case "raw":
      return rawSamples(bytes, pixels, tile);
    case "rle":
      return rawSamples(decodeRle(bytes, pixels, most), { ...pixels, planar: false }, tile);
    case "jpeg": {
      const whole = spliceJpeg(bytes, null, jpegPhotometric(bytes, pixels));
      if (!whole) throw new Error("its bytes are no JPEG stream");
      const rgb = await decodePicture(whole, most);
      return pixels.samples === 1
        ? { ...sizeOf(rgb), data: everyThird(rgb.data), components: 1, isRgb: false }
        : { ...rgb, components: 3, isRgb: true };
    }
    case "jpeg2000": {
      const image = await decodeJpeg2000(bytes, { maxPixels: most });
      if (image.signed || image.data instanceof Int16Array)
        throw new Error("its samples are signed");
      if (image.bits !== pixels.bits) {
        throw new Error(`its samples have ${image.bits} bits where ${pixels.bits} were expected`);
      }
      const { data, components } = image;
      const isRgb = pixels.photometric === "RGB" || image.madeRgb;
      return { ...sizeOf(image), data, components, isRgb };
    }
    case "jpeg-ls": {
      const { samples: components, bits } = pixels;
      const data = await decodeJpegLs(bytes, { ...tile, components, bits });
      return { ...sizeOf(tile), data, components, isRgb: pixels.photometric === "RGB" };
    }
  }
}

function sizeOf({ width, height }: Size): Size {
  return { width, height };
}

/** One channel of a grey picture that was decoded to RGB. */
function everyThird(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3);
  for (let i = 0; i < grey.length; i++) grey[i] = rgb[i * 3]!;
  return grey;
}
