import { type Box, intersectBoxes, type Point, type Size } from "../geometry.ts";
import type { RgbImage } from "../tiler/slide.ts";
import type { Candidate } from "./candidate.ts";
import type { EncodedImage } from "./contracts/adapter.ts";
import { type Crop, cropLayers, isNearCropEdge } from "./crop-layers.ts";
import { type DecodeContext, decodePrompts, withPoints } from "./decode-prompts.ts";
import { decodeUncovered } from "./decode-uncovered.ts";
import type { GridSettings } from "./model.ts";
import { pointBatch } from "./prompt-batch.ts";
import { gridPoints, type PromptRegion } from "./prompts.ts";
import { cropImage } from "./slide-part.ts";
import { tidySmallRegions } from "./small-regions.ts";
import { suppress, suppressInOrder } from "./suppress.ts";

/** Defaults of the reference for what a description may leave out. */
const CROP_NMS_IOU = 0.7;
const CROP_OVERLAP_RATIO = 512 / 1500;

/** A patch whose masks are to be generated. */
export interface GenerateRequest {
  readonly image: RgbImage;
  /** Where points may lie. */
  readonly region: PromptRegion;
  /** Encodes a crop; the whole patch is encoded already (`context.encoded`). */
  readonly encode: (image: RgbImage) => Promise<EncodedImage>;
}

/**
 * SAM's automatic mask generation over a patch: a grid of points a crop, filters, suppression within
 * a crop by predicted IoU, across crops in favour of the smaller crop, small regions last.
 *
 * The masks come in the reference's order and may nest and overlap; frame: patch px. Points go only where
 * `region` allows them. Source: segment-anything, `SamAutomaticMaskGenerator` (its defaults are those of
 * GridSettings).
 */
export async function generateMasks(
  request: GenerateRequest,
  context: DecodeContext,
  settings: GridSettings,
): Promise<{ readonly masks: Candidate[]; readonly prompts: number }> {
  const { image } = request;
  const crops = cropLayers(
    image,
    settings.cropLayers ?? 0,
    settings.cropOverlapRatio ?? CROP_OVERLAP_RATIO,
  );
  const kind = settings.nmsKind ?? "box";
  let prompts = 0;
  const found: { readonly masks: Candidate[]; readonly cropArea: number }[] = [];
  for (const crop of crops) {
    const points = gridPoints(sideOf(settings, crop.layer), request.region, crop.box);
    if (points.length === 0) continue;
    const { answers, asked } = await masksOfCrop(request, context, settings, crop, points);
    prompts += asked;
    const start = performance.now();
    const whole = answers.filter(({ box }) => !isNearCropEdge(box, crop.box, image));
    const masks = suppress(whole, settings.nmsIou, kind);
    found.push({ masks, cropArea: crop.box.width * crop.box.height });
    context.ms.post += performance.now() - start;
  }
  const start = performance.now();
  const cropNmsIou = settings.cropNmsIou ?? CROP_NMS_IOU;
  const smallestFirst = [...found].sort((a, b) => a.cropArea - b.cropArea);
  const all = smallestFirst.flatMap(({ masks }) => masks);
  let masks = crops.length > 1 ? suppressInOrder(all, cropNmsIou, kind) : all;
  const leastPx = settings.minMaskRegionAreaPx ?? 0;
  if (leastPx > 0) {
    masks = tidySmallRegions(masks, image, leastPx, Math.max(settings.nmsIou, cropNmsIou));
  }
  context.ms.post += performance.now() - start;
  return { masks, prompts };
}

async function masksOfCrop(
  { image, encode }: GenerateRequest,
  context: DecodeContext,
  settings: GridSettings,
  { box, layer }: Crop,
  points: readonly Point[],
): Promise<{ readonly answers: Candidate[]; readonly asked: number }> {
  const filter = {
    bestOnly: false,
    predictedIou: settings.predictedIouThreshold,
    stability: settings.stabilityScoreThreshold,
    maskThreshold: settings.maskThreshold,
  };
  const decode = async (within: DecodeContext, at: readonly Point[], part: Box, size: Size) => {
    const stability = settings.coveredStability;
    if (stability === undefined) {
      return { answers: await decodePrompts(within, pointBatch(at), filter), asked: at.length };
    }
    const pointsPerSide = sideOf(settings, layer);
    return decodeUncovered(within, at, filter, { stability, pointsPerSide, part, patch: size });
  };
  if (layer === 0) {
    const { answers, asked } = await decode(context, points, box, image);
    return { answers: withPoints(answers, points), asked };
  }
  const clip = intersectBoxes(context.clip, box);
  if (clip === null) return { answers: [], asked: 0 };
  const start = performance.now();
  const encoded = await encode(cropImage(image, box));
  context.ms.encode += performance.now() - start;
  const inCrop = points.map(({ x, y }) => ({ x: x - box.x, y: y - box.y }));
  const { answers, asked } = await decode(
    { ...context, encoded, clip: moved(clip, -box.x, -box.y) },
    inCrop,
    { ...box, x: 0, y: 0 },
    box,
  );
  const inPatch = withPoints(answers, points).map((mask) => ({
    ...mask,
    box: moved(mask.box, box.x, box.y),
  }));
  return { answers: inPatch, asked };
}

/** Points a side of a layer's crops. */
function sideOf(settings: GridSettings, layer: number): number {
  return Math.floor(settings.pointsPerSide / (settings.cropPointsDownscale ?? 1) ** layer);
}

function moved(box: Box, dx: number, dy: number): Box {
  return { ...box, x: box.x + dx, y: box.y + dy };
}
