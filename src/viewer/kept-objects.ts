import { type KeptObject, keptGeoJson } from "./kept-geojson.ts";

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
    return keptGeoJson(this.#objects);
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
