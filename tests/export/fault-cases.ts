/** A case of tests/cases/geojson/faults.json. */
export interface FaultCase {
  readonly name: string;
  readonly rules: readonly string[];
  /** Something of it cannot be mended. */
  readonly left?: boolean;
  readonly text?: string;
  readonly feature?: string;
  readonly id?: unknown;
  readonly geometry?: unknown;
  readonly properties?: unknown;
}

/** A good feature with the case's part put in, between two others. */
export function textOf(item: FaultCase): string {
  if (item.text !== undefined) return item.text;
  const good = {
    type: "Feature",
    geometry: { type: "Point", coordinates: [1, 2] },
    properties: {},
  };
  const { geometry, properties } = item;
  const changed = {
    ...good,
    ...("id" in item ? { id: item.id } : {}),
    ...(geometry === undefined ? {} : { geometry }),
    ...(properties === undefined ? {} : { properties }),
  };
  const feature = item.feature ?? JSON.stringify(changed);
  return `{"type":"FeatureCollection","features":[${JSON.stringify(good)},\n${feature},${JSON.stringify(good)}]}`;
}
