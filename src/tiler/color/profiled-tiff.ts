import type { RgbImage } from "../slide.ts";
import { TAG } from "../tiff/names.ts";

const SHORT = 3;
const LONG = 4;
const UNDEFINED = 7;

/** A picture as an uncompressed little-endian TIFF of one strip with an ICC profile inside (TIFF 6.0). */
export function profiledTiff(image: RgbImage, profile: Uint8Array): Uint8Array {
  const { width, height, data } = image;
  // In ascending order of tags, as TIFF asks.
  const entries = (bitsAt: number, pixelsAt: number, profileAt: number) =>
    [
      [TAG.imageWidth, LONG, 1, width],
      [TAG.imageLength, LONG, 1, height],
      [TAG.bitsPerSample, SHORT, 3, bitsAt],
      [TAG.compression, SHORT, 1, 1],
      [TAG.photometric, SHORT, 1, 2],
      [TAG.stripOffsets, LONG, 1, pixelsAt],
      [TAG.samplesPerPixel, SHORT, 1, 3],
      [TAG.rowsPerStrip, LONG, 1, height],
      [TAG.stripByteCounts, LONG, 1, data.length],
      [TAG.planarConfiguration, SHORT, 1, 1],
      [TAG.iccProfile, UNDEFINED, profile.length, profileAt],
    ] as const;
  const count = entries(0, 0, 0).length;
  const bitsAt = 8 + 2 + count * 12 + 4;
  const profileAt = bitsAt + 6;
  const pixelsAt = profileAt + profile.length + (profile.length % 2);
  const bytes = new Uint8Array(pixelsAt + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
  view.setUint16(8, count, true);
  entries(bitsAt, pixelsAt, profileAt).forEach(([tag, type, length, value], i) => {
    const at = 10 + i * 12;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, length, true);
    view.setUint32(at + 8, value, true);
  });
  for (let i = 0; i < 3; i++) view.setUint16(bitsAt + 2 * i, 8, true);
  bytes.set(profile, profileAt);
  bytes.set(data, pixelsAt);
  return bytes;
}
