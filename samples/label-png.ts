import sharp from "sharp";

/** Encodes instance labels (row-major, at most 65,535) as a 16-bit grayscale PNG. */
export async function encodeLabelPng(
  labels: Uint32Array,
  width: number,
  height: number,
): Promise<Buffer> {
  const narrow = new Uint16Array(labels.length);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label > 65535) throw new RangeError(`label ${label} does not fit into 16 bits`);
    narrow[i] = label;
  }
  return sharp(narrow, { raw: { width, height, channels: 1 } })
    .toColourspace("grey16")
    .png({ compressionLevel: 6 })
    .toBuffer();
}
