import { magicbytes } from "flatgeobuf/lib/mjs/constants.js";
import { MicrotomeError } from "../../errors.ts";
import type { ExportedFile, ExportSubject, ExportTarget } from "../format.ts";
import { type PartFile, writePart } from "../part-file.ts";
import { rowOf } from "../table-columns.ts";
import { FeatureEncoder } from "./feature.ts";
import { encodeHeader } from "./header.ts";
import { inHilbertOrder } from "./hilbert-order.ts";
import { PackedIndex } from "./packed-index.ts";

/** Features go to the disk in chunks of about so many bytes. */
const CHUNK = 1 << 20;

/**
 * Writes a FlatGeobuf file: polygons in the order of the Hilbert curve, a packed R-tree before them,
 * measurements as columns, no coordinate reference system.
 *
 * Memory holds the index (43 bytes an object), some thousand objects, and of a crowded cell of the curve 8 bytes an object. Throws
 * MicrotomeError `output-unwritable`, and `corrupt-file` where the source gives other objects than it counts.
 */
export async function writeFlatGeobuf(
  subject: ExportSubject,
  { path }: ExportTarget,
): Promise<ExportedFile[]> {
  const { objects } = subject;
  const index = objects.count > 0 ? new PackedIndex(objects.count) : null;
  const { bytes } = await writePart(path, async (file) => {
    await file.append(Buffer.concat([magicbytes, encodeHeader(subject, objects.extent)]));
    if (index === null) return;
    // Its place is kept: where a feature begins is known when those before it are made.
    const indexAt = await file.append(index.bytes);
    const written = await appendFeatures(file, subject, index);
    if (written !== objects.count) {
      throw new MicrotomeError(
        "corrupt-file",
        `${objects.path ?? path}: found ${written} objects by their places, expected ${objects.count}; run the segmentation again.`,
        { file: objects.path ?? path, found: written, expected: objects.count },
      );
    }
    index.finish();
    await file.patch(index.bytes, indexAt);
  });
  return [{ path, bytes, objects: objects.count }];
}

async function appendFeatures(
  file: PartFile,
  subject: ExportSubject,
  index: PackedIndex,
): Promise<number> {
  const encoder = new FeatureEncoder();
  const features = file.length;
  let chunk = Buffer.allocUnsafe(CHUNK);
  let used = 0;
  let written = 0;
  for await (const { instance, box } of inHilbertOrder(subject.objects)) {
    const feature = encoder.encode(rowOf(instance, subject));
    if (used + feature.length > chunk.length) {
      await file.append(chunk.subarray(0, used));
      chunk = Buffer.allocUnsafe(Math.max(CHUNK, feature.length));
      used = 0;
    }
    index.add(box, file.length + used - features);
    chunk.set(feature, used);
    used += feature.length;
    written++;
  }
  await file.append(chunk.subarray(0, used));
  return written;
}
