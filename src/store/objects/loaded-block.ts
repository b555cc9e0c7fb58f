import type { Polygon } from "../../geometry.ts";
import { MEASUREMENTS, type Measurement } from "../../measurements.ts";
import type { Instance } from "../../merge/instance.ts";
import { Outline } from "../../outline.ts";
import type { InstanceBlock } from "../instance-block.ts";
import { BlockGeometry, BlockNames, BlockTable } from "./block-parts.ts";
import type { Refuse } from "./byte-reader.ts";
import type { BlockEntry } from "./layout.ts";

/** Where each measurement stands among the columns. */
const AT = Object.fromEntries(MEASUREMENTS.map(({ field }, at) => [field, at])) as Readonly<
  Record<Measurement["field"], number>
>;

/** Outlines on their way to polygons. */
const OUTLINE = new Outline();

/** What a block needs to know of its file. */
export interface BlockContext {
  /** Position of the block's first object among all. */
  readonly first: number;
  readonly entry: BlockEntry;
  /** Names of classes by code, null under 0. */
  readonly classes: readonly (string | null)[];
  /** Says which part of which block is damaged. */
  readonly refuse: (part: "table" | "names" | "geometry", found: string) => never;
}

/** A whole block in memory, whose CRCs hold; its parts are looked into as far as they are asked for. */
export class LoadedBlock implements InstanceBlock {
  readonly data: Uint8Array;
  readonly table: BlockTable;
  readonly #context: BlockContext;
  #names: BlockNames | null = null;
  #geometry: BlockGeometry | null = null;

  constructor(data: Uint8Array, context: BlockContext) {
    const { first, entry, classes } = context;
    this.data = data;
    this.#context = context;
    const bytes = data.subarray(0, entry.table.length);
    this.table = new BlockTable(bytes, first, entry.objects, classes.length, this.#refuse("table"));
  }

  get count(): number {
    return this.table.count;
  }

  get first(): number {
    return this.table.first;
  }

  get uuids(): Uint8Array | null {
    return this.#named().uuids;
  }

  id(i: number): string {
    return this.#named().id(i);
  }

  classification(i: number): string | undefined {
    return this.#context.classes[this.table.classOf(i)] ?? undefined;
  }

  measurement(which: number, i: number): number {
    return this.table.measurement(which, i);
  }

  /** The object at a position within the block. */
  instance(i: number): Instance {
    const { table } = this;
    const names = this.#named();
    const classification = this.classification(i);
    const instance: { -readonly [field in keyof Instance]: Instance[field] } = {
      id: names.id(i),
      polygon: this.polygon(i),
      centroid: table.centroid(i),
      areaUm2: table.measurement(AT.areaUm2, i),
      perimeterUm: table.measurement(AT.perimeterUm, i),
      circularity: table.measurement(AT.circularity, i),
      predictedIou: table.measurement(AT.predictedIou, i),
      stabilityScore: table.measurement(AT.stabilityScore, i),
      hematoxylinOd: table.measurement(AT.hematoxylinOd, i),
      patches: names.patches(i),
    };
    if (classification !== undefined) instance.classification = classification;
    return instance;
  }

  /** Its outline alone, level-0 px. */
  polygon(i: number): Polygon {
    this.outline(i, OUTLINE);
    return OUTLINE.polygon();
  }

  outline(i: number, into: Outline): void {
    const { table, names, objects } = this.#context.entry;
    this.#geometry ??= new BlockGeometry(
      this.data.subarray(table.length + names.length),
      objects,
      this.#refuse("geometry"),
    );
    this.#geometry.outline(i, this.table.minX(i), this.table.minY(i), into);
  }

  #named(): BlockNames {
    const { table, names, objects } = this.#context.entry;
    this.#names ??= new BlockNames(
      this.data.subarray(table.length, table.length + names.length),
      objects,
      this.#refuse("names"),
    );
    return this.#names;
  }

  #refuse(part: "table" | "names" | "geometry"): Refuse {
    return (found) => this.#context.refuse(part, found);
  }
}
