import type { ClickAnswer, ClickFeature } from "../server/api.ts";

/** An object that was clicked and kept. */
export interface KeptObject {
  readonly feature: ClickFeature;
  /** What made it. */
  readonly madeBy: ClickAnswer["microtome"];
  /** Corner of the slide's bounds: QuPath counts from there. */
  readonly bounds: { readonly x: number; readonly y: number } | null;
}

/** Kept objects of one slide as QuPath imports them: of a slide with bounds, less their corner, as the member `microtome` says. */
export function keptGeoJson(objects: readonly KeptObject[]): string {
  const [first] = objects;
  const bounds = first?.bounds ?? null;
  const about = {
    software: first?.madeBy.software,
    notice: "for research use only",
    models: [...new Set(objects.map(({ madeBy }) => `${madeBy.model} ${madeBy.modelSha256}`))],
    coordinates: bounds
      ? `level-0 pixels less (${bounds.x}, ${bounds.y}), the corner of the slide's bounds`
      : "level-0 pixels",
    ...(bounds ? { originX: bounds.x, originY: bounds.y } : {}),
  };
  const features = objects.map(({ feature }) =>
    JSON.stringify(bounds ? moved(feature, bounds) : feature),
  );
  return `{"type":"FeatureCollection","microtome":${JSON.stringify(about)},"features":[\n${features.join(",\n")}\n]}\n`;
}

function moved(
  feature: ClickFeature,
  bounds: { readonly x: number; readonly y: number },
): ClickFeature {
  const round = (value: number) => Math.round(value * 100) / 100;
  const coordinates = feature.geometry.coordinates.map((ring) =>
    ring.map(([x, y]): [number, number] => [round(x - bounds.x), round(y - bounds.y)]),
  );
  return { ...feature, geometry: { ...feature.geometry, coordinates } };
}
