import type { ClickAnswer, ClickFeature } from "../server/api.ts";

/** An object that was clicked and kept. */
export interface KeptObject {
  readonly feature: ClickFeature;
  /** What made it. */
  readonly madeBy: ClickAnswer["microtome"];
  /** Corner of the slide's bounds: QuPath counts from there. */
  readonly bounds: { readonly x: number; readonly y: number } | null;
}

/** The objects kept on each slide: in the page, and through a reload of it. */
export class KeptObjects {
  #slide = "";
  #objects: KeptObject[] = [];

  get all(): readonly KeptObject[] {
    return this.#objects;
  }

  /** Goes over to another slide's objects. */
  show(slide: string): void {
    this.#slide = slide;
    this.#objects = readStored(nameOf(slide));
  }

  add(object: KeptObject): void {
    // A second click on an object gives it a second time: it is one.
    const others = this.#objects.filter(({ feature }) => feature.id !== object.feature.id);
    this.#set([...others, object]);
  }

  remove(id: string): void {
    this.#set(this.#objects.filter(({ feature }) => feature.id !== id));
  }

  removeLast(): void {
    this.#set(this.#objects.slice(0, -1));
  }

  /** The objects as QuPath imports them. */
  toGeoJson(): string {
    const [first] = this.#objects;
    const bounds = first?.bounds ?? null;
    const about = {
      software: first?.madeBy.software,
      notice: "for research use only",
      models: [
        ...new Set(this.#objects.map(({ madeBy }) => `${madeBy.model} ${madeBy.modelSha256}`)),
      ],
      coordinates: bounds
        ? `level-0 pixels less (${bounds.x}, ${bounds.y}), the corner of the slide's bounds`
        : "level-0 pixels",
    };
    const features = this.#objects.map(({ feature }) =>
      JSON.stringify(bounds ? moved(feature, bounds) : feature),
    );
    return `{"type":"FeatureCollection","microtome":${JSON.stringify(about)},"features":[\n${features.join(",\n")}\n]}\n`;
  }

  #set(objects: KeptObject[]): void {
    this.#objects = objects;
    try {
      sessionStorage.setItem(nameOf(this.#slide), JSON.stringify(objects));
    } catch {
      // Without storage they live until the page is left.
    }
  }
}

function nameOf(slide: string): string {
  return `microtome-clicks-${slide}`;
}

function readStored(name: string): KeptObject[] {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(name) ?? "[]");
    return Array.isArray(stored) ? (stored as KeptObject[]) : [];
  } catch {
    return [];
  }
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
