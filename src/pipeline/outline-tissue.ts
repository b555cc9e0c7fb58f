import { type Polygon, polygonArea, type Ring } from "../geometry.ts";
import { partPolygon } from "../merge/contour.ts";
import type { Instance } from "../merge/instance.ts";
import { circularityOf, innerPoint, perimeterUm } from "../merge/measure.ts";
import { objectId } from "../merge/object-id.ts";
import { outlineOf } from "../merge/outline.ts";
import { connectedParts } from "../merge/span-sets.ts";
import { SpanBuilder, type Spans } from "../merge/spans.ts";
import { roundedFault } from "../polygon-validity.ts";
import type { Mpp } from "../tiler/slide.ts";
import type { FoundTissue } from "../tiler/tissue.ts";

/** The outlines may stray this far from the middle line of the mask's cells, cells. */
const TOLERANCE = 0.5;

/**
 * The tissue of a slide as one polygon a piece, largest first, holes included; level-0 px.
 *
 * `idSeed` goes into every id. Without µm/px areas and lengths are NaN, which an export leaves out.
 * What a model would say of an object (scores, stain) is NaN too.
 */
export function outlineTissue(
  tissue: FoundTissue,
  mpp: Pick<Mpp, "x" | "y"> | null,
  idSeed: string,
): Instance[] {
  const spans = spansOf(tissue);
  if (spans === null) return [];
  const { x: mppX, y: mppY } = mpp ?? { x: Number.NaN, y: Number.NaN };
  return connectedParts(spans).map((part): Instance => {
    const polygon = onSlide(part, tissue);
    const rings = [polygon.outer, ...polygon.holes];
    return {
      id: objectId(idSeed, polygon),
      polygon,
      centroid: innerPoint(polygon),
      areaUm2: polygonArea(polygon) * mppX * mppY,
      perimeterUm: perimeterUm(rings, mppX, mppY),
      circularity: circularityOf(polygon, mppX, mppY),
      predictedIou: Number.NaN,
      stabilityScore: Number.NaN,
      hematoxylinOd: Number.NaN,
      patches: [],
    };
  });
}

function spansOf({ tight, width, height }: FoundTissue): Spans | null {
  const builder = new SpanBuilder(0);
  for (let y = 0; y < height; y++) {
    builder.row();
    for (let x = 0; x < width; ) {
      if (tight[y * width + x] !== 1) {
        x++;
        continue;
      }
      const start = x;
      while (x < width && tight[y * width + x] === 1) x++;
      builder.add(start, x);
    }
  }
  return builder.close();
}

/** The smooth outline in level-0 px; the cells' own edges where rounding would make it invalid. */
function onSlide(part: Spans, tissue: FoundTissue): Polygon {
  const smooth = scale(outlineOf(part, 1, TOLERANCE).polygon, tissue);
  return roundedFault(smooth) === null ? smooth : scale(partPolygon(part), tissue);
}

/** Cells need not be square: the grid covers the slide exactly. */
function scale({ outer, holes }: Polygon, tissue: FoundTissue): Polygon {
  const { downsampleX, downsampleY, width, height } = tissue;
  const place = (ring: Ring): number[] =>
    ring.map((value, i) => {
      const cells = Math.min(Math.max(0, value), i % 2 === 0 ? width : height);
      return Math.round(cells * (i % 2 === 0 ? downsampleX : downsampleY) * 100) / 100;
    });
  return { outer: place(outer), holes: holes.map(place) };
}
