import { type Polygon, polygonArea, type Ring, ringBox } from "../../geometry.ts";
import type { Instance } from "../../merge/instance.ts";
import { describeSubject } from "../describe-subject.ts";
import type { ExportedFile, ExportSubject, ExportTarget } from "../format.ts";
import { TextChunks } from "../text-bytes.ts";
import { writeWhole } from "../write-whole.ts";
import { columnRle } from "./column-rle.ts";

/** pycocotools counts pixels in 32 bits: run lengths over a larger image would come out wrong. */
const MOST_PIXELS = 2 ** 32 - 1;

/** The picture that annotations are of: the slide at level 0, or scaled to `mpp`. */
interface CocoImage {
  readonly width: number;
  readonly height: number;
  /** µm per px. */
  readonly mpp: number;
  /** Px of the picture per level-0 px. */
  readonly scale: number;
}

/**
 * Writes one COCO annotation an object: bounding box, area, class, and the mask as compressed run
 * lengths over the whole picture, as pycocotools reads them.
 *
 * The picture is the slide at level 0, or at `mpp` where that is given. From 2³² pixels on, where
 * pycocotools overflows, the segmentation is a polygon, holes joined to it by a slit. `categories` come
 * last, in the order in which classes appear. Throws MicrotomeError `output-unwritable`.
 */
export async function writeCoco(
  subject: ExportSubject,
  { path, mpp }: ExportTarget,
): Promise<ExportedFile[]> {
  const image = imageOf(subject, mpp);
  const categories = new Map<string, number>();
  let objects = 0;
  async function* chunks(): AsyncGenerator<Uint8Array, void, void> {
    const text = new TextChunks();
    const { width, height } = image;
    const about = describeSubject(subject);
    const info = { ...about, description: about.task, coordinates: frameOf(image) };
    const images = [
      { id: 1, file_name: subject.slide.name, width, height, micrometers_per_pixel: image.mpp },
    ];
    text.out.text(
      `{"info":${JSON.stringify(info)},"licenses":[],"images":${JSON.stringify(images)},"annotations":[`,
    );
    for await (const instance of subject.objects.all()) {
      const name = instance.classification ?? subject.task.objectName;
      const category = categories.get(name) ?? categories.size + 1;
      categories.set(name, category);
      objects++;
      const annotation = { id: objects, ...annotationOf(instance, image, category) };
      text.out.text(`${objects === 1 ? "\n" : ",\n"}${JSON.stringify(annotation)}`);
      if (text.full) yield text.take();
    }
    const known = [...categories].map(([name, id]) => ({
      id,
      name,
      supercategory: subject.task.name,
    }));
    text.out.text(`\n],"categories":${JSON.stringify(known)}}\n`);
    yield text.take();
  }
  const bytes = await writeWhole(path, chunks());
  return [{ path, bytes, objects }];
}

function imageOf({ slide }: ExportSubject, mpp: ExportTarget["mpp"]): CocoImage {
  const asked = mpp === undefined || mpp === "slide" ? slide.mpp : mpp;
  const scale = slide.mpp / asked;
  // A side that is whole but for rounding must not get a pixel more.
  const side = (length: number) => Math.max(1, Math.ceil(length * scale - 1e-6));
  return { width: side(slide.width), height: side(slide.height), mpp: asked, scale };
}

function frameOf({ scale, mpp }: CocoImage): string {
  return scale === 1
    ? "level-0 pixels, x to the right, y down"
    : `pixels of ${mpp} micrometres: level-0 pixels times ${scale}`;
}

function annotationOf(instance: Instance, image: CocoImage, category: number) {
  const { width, height, scale } = image;
  const polygon = scaled(instance.polygon, scale);
  const { x, y, width: w, height: h } = ringBox(polygon.outer);
  const common = {
    image_id: 1,
    category_id: category,
    iscrowd: 0,
    bbox: [x, y, w, h].map(hundredths),
    ...(Number.isFinite(instance.predictedIou)
      ? { score: Number(instance.predictedIou.toFixed(4)) }
      : {}),
    uuid: instance.id,
  };
  if (width * height > MOST_PIXELS) {
    const segmentation = [keyhole(polygon).map(hundredths)];
    return { ...common, area: hundredths(polygonArea(polygon)), segmentation };
  }
  const { pixels, counts } = columnRle([polygon.outer, ...polygon.holes], width, height);
  return { ...common, area: pixels, segmentation: { size: [height, width], counts } };
}

function scaled({ outer, holes }: Polygon, scale: number): Polygon {
  if (scale === 1) return { outer, holes };
  const times = (ring: Ring): Ring => ring.map((value) => value * scale);
  return { outer: times(outer), holes: holes.map(times) };
}

/**
 * One ring of a polygon with holes: there and back to each hole along the same line. COCO has no other
 * way to say a hole in a polygon; filled by the even-odd rule, the slits are nothing.
 */
function keyhole({ outer, holes }: Polygon): number[] {
  const ring = [...outer];
  for (const hole of holes) {
    ring.push(outer[0]!, outer[1]!, ...hole, hole[0]!, hole[1]!);
  }
  if (holes.length > 0) ring.push(outer[0]!, outer[1]!);
  return ring;
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
