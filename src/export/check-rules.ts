/** What a file must be for QuPath to import it as meant, by rule. */
export const CHECK_RULES = {
  parsable: "the file is JSON, plain or gzip, and complete",
  feature: "every item is a Feature or a geometry",
  crs: "there is no coordinate reference system: coordinates are level-0 pixels",
  id: "an id is a UUID, and no two features share one",
  geometry: "every feature has a geometry of a type QuPath reads",
  coordinates: "positions are finite numbers",
  "coordinate-range":
    "positions lie within ±2^24 px, up to where a 32-bit float tells pixels apart",
  "ring-closed": "a ring ends where it begins",
  "ring-points": "a ring has three points or more",
  "polygon-valid":
    "after rounding to 0.01 px no ring crosses or touches itself, holes lie inside, parts do not overlap",
  "polygon-area": "after rounding to 0.01 px no ring is without area",
  plane: "a plane has whole numbers c, z and t",
  ellipse: "isEllipse is true or false, and belongs to a Polygon",
  nucleus: "a nucleus is a geometry, and stands beside that of a cell",
  properties: "every feature has properties, an object",
  "object-type": "objectType is one QuPath knows",
  classification: "a classification is a name, or an object with name and color",
  color: "a color is [red, green, blue] from 0 to 255, or one whole number",
  name: "a name is a string",
  locked: "isLocked is true or false",
  measurements: "measurements are numbers",
  metadata: "metadata are text by name",
  children: "child objects are a list inside the properties, at most 32 deep",
} as const;

export type CheckRule = keyof typeof CHECK_RULES;

/** A broken rule, in words. */
export interface FeatureFault {
  readonly rule: CheckRule;
  readonly message: string;
}

/** What a value looks like in a message, cut short however large or deep it is. */
export function show(value: unknown): string {
  if (Array.isArray(value)) {
    const few = value.slice(0, 4).map((item) => (isNested(item) ? "…" : show(item)));
    return cut(`[${few.join(",")}${value.length > 4 ? ",…" : ""}]`);
  }
  if (isObject(value)) {
    const keys = Object.keys(value);
    const few = keys.slice(0, 4).map((key) => {
      const item = value[key];
      return `${JSON.stringify(key)}:${isNested(item) ? "…" : show(item)}`;
    });
    return cut(`{${few.join(",")}${keys.length > 4 ? ",…" : ""}}`);
  }
  if (typeof value === "string") return cut(JSON.stringify(value.slice(0, 41)));
  return JSON.stringify(value) ?? "nothing";
}

function cut(text: string): string {
  return text.length > 41 ? `${text.slice(0, 40)}…` : text;
}

function isNested(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** A JSON object, neither null nor an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
