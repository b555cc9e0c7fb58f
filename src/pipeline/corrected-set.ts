import { IdTable } from "../export/id-table.ts";
import { type Polygon, polygonArea } from "../geometry.ts";
import type { Instance } from "../merge/instance.ts";
import { circularityOf, innerPoint, perimeterUm } from "../merge/measure.ts";
import { uuidV5 } from "../merge/uuid.ts";
import type { EditedObject } from "./edited-objects.ts";

/** The run's object is not in the file. */
export const MISSING = -1;
/** It is there with another outline. */
export const RESHAPED = -2;

/** What a run's objects are, as far as new ones become like them. */
export interface ObjectKind {
  readonly runKey: string;
  /** What an object without a class is called. */
  readonly plain: string;
  /** µm per level-0 px. */
  readonly mpp: { readonly x: number; readonly y: number };
}

/** Makes objects of a run out of those that someone drew or reshaped. */
export class ObjectMaker {
  readonly #kind: ObjectKind;
  readonly #given = new IdTable();

  constructor(kind: ObjectKind) {
    this.#kind = kind;
  }

  /** One object a piece, the largest with the file's id where that is a UUID; `place` is the object's among the file's. */
  *made(object: EditedObject, place: number): Generator<Instance, void, void> {
    const { runKey } = this.#kind;
    for (const [piece, polygon] of object.polygons.entries()) {
      const own = piece === 0 && object.id !== null && UUID.test(object.id) ? object.id : null;
      const made = (name: string | number) => uuidV5(`${runKey}\nimport\n${name}\n${piece}`);
      let id = own ?? made(object.id ?? place);
      // Two new objects of one id stay two.
      if (!this.#given.add(id).isNew) id = made(place);
      yield this.#measured(id.toLowerCase(), polygon, object.classification);
    }
  }

  #measured(id: string, polygon: Polygon, className: string | null): Instance {
    const { plain, mpp } = this.#kind;
    const { x, y } = mpp;
    const instance: Instance = {
      id,
      polygon,
      centroid: innerPoint(polygon),
      areaUm2: polygonArea(polygon) * x * y,
      perimeterUm: perimeterUm([polygon.outer, ...polygon.holes], x, y),
      circularity: circularityOf(polygon, x, y),
      predictedIou: Number.NaN,
      stabilityScore: Number.NaN,
      hematoxylinOd: Number.NaN,
      patches: [],
    };
    return withClass(instance, className ?? plain, plain);
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The object in a class, or in none where that is what an object without one is called. */
export function withClass(instance: Instance, name: string, plain: string): Instance {
  const { classification: _, ...others } = instance;
  return name === plain ? others : { ...others, classification: name };
}
