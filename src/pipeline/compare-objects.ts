import { MicrotomeError } from "../errors.ts";
import { isUuid } from "../export/check-feature.ts";
import { IdTable } from "../export/id-table.ts";
import type { Point } from "../geometry.ts";
import type { Instance } from "../merge/instance.ts";
import type { EditedObject } from "./edited-objects.ts";
import { shapeKey } from "./shape-key.ts";

/** What an object of the file is to the run. */
export type Decision =
  /** The run's own, by number; `reshaped` where it has another outline now. */
  | { readonly kind: "own"; readonly number: number; readonly reshaped: boolean }
  | { readonly kind: "added" }
  | { readonly kind: "aside"; readonly why: string }
  | { readonly kind: "left"; readonly why: string };

/** Why an object of the file is none of the run's kind. */
const NO_OBJECTS: ReadonlySet<string> = new Set(["tile", "tmaCore", "root"]);

/**
 * A run's objects by id, in some 50 bytes each, to hold those of a file against.
 *
 * A file is gone through from its beginning as often as needed; `begin` before each time.
 */
export class ObjectTable {
  readonly #ids = new IdTable();
  readonly #keys: number[] = [];
  readonly #classOf: number[] = [];
  readonly #classes = new Map<string, number>();
  readonly #classNames: string[] = [];
  readonly #plain: string;
  readonly #origin: Point;
  #seen = new Uint8Array(0);

  /** `plain` is what an object without a class of its own is called; the file counts from `origin`, level-0 px. */
  constructor(plain: string, origin: Point) {
    this.#plain = plain;
    this.#origin = origin;
    this.classCode(plain);
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Takes the run's next object. */
  add(instance: Instance): void {
    if (!isUuid(instance.id)) {
      throw new MicrotomeError(
        "corrupt-file",
        `An object of the run has the id ${JSON.stringify(instance.id)}; expected a UUID. Make the run again (microtome segment … --overwrite).`,
      );
    }
    const { number, isNew } = this.#ids.add(instance.id);
    if (!isNew) return;
    this.#keys[number] = shapeKey([instance.polygon], this.#origin);
    this.#classOf[number] = this.classCode(instance.classification ?? this.#plain);
  }

  begin(): void {
    this.#seen = new Uint8Array(this.size);
  }

  numberOf(id: string): number {
    return this.#ids.find(id);
  }

  isSeen(number: number): boolean {
    return this.#seen[number] === 1;
  }

  classCode(name: string): number {
    const known = this.#classes.get(name);
    if (known !== undefined) return known;
    this.#classes.set(name, this.#classNames.length);
    return this.#classNames.push(name) - 1;
  }

  className(code: number): string {
    return this.#classNames[code]!;
  }

  /** The class the run gave an object, by code. */
  classOf(number: number): number {
    return this.#classOf[number]!;
  }

  /**
   * What the file's next object is. An annotation of none of the run's ids is an object that someone
   * drew where it has a class of the run's; without, it marks something else, and is set aside.
   */
  decide(object: EditedObject, runClasses: ReadonlySet<string>, all: boolean): Decision {
    if (object.polygons.length === 0)
      return { kind: "left", why: "it has no area that can be mended, or lies far off the slide" };
    const number = object.id !== null && isUuid(object.id) ? this.#ids.find(object.id) : -1;
    if (number >= 0) {
      if (this.#seen[number] === 1) return { kind: "left", why: "its id stands in the file twice" };
      this.#seen[number] = 1;
      return { kind: "own", number, reshaped: object.key !== this.#keys[number] };
    }
    if (NO_OBJECTS.has(object.objectType)) return { kind: "aside", why: object.objectType };
    const { classification, objectType } = object;
    if (objectType !== "annotation" || all) return { kind: "added" };
    if (classification !== null && runClasses.has(classification)) return { kind: "added" };
    return { kind: "aside", why: `annotation ${classification ?? "without a class"}` };
  }
}
