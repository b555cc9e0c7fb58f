import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename, join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { IdTable } from "../export/id-table.ts";
import { writeQuPath } from "../export/qupath.ts";
import { type Point, type Polygon, polygonArea } from "../geometry.ts";
import type { Instance } from "../merge/instance.ts";
import { circularityOf, innerPoint, perimeterUm } from "../merge/measure.ts";
import { uuidV5 } from "../merge/uuid.ts";
import { taskNamed } from "../scales/tasks.ts";
import { writeFileAtomically } from "../store/atomic-write.ts";
import { ObjectsFile } from "../store/objects/objects-file.ts";
import { writeObjects } from "../store/objects/write-objects.ts";
import { lockFolder, unlockFolder } from "../store/run-lock.ts";
import { correctedNames } from "../store/run-objects-file.ts";
import type { RunRecord } from "../store/run-record.ts";
import { VERSION } from "../version.ts";
import { ObjectTable } from "./compare-objects.ts";
import { type EditedObject, editedObjects, originOf } from "./edited-objects.ts";
import { openRunObjects, type RunObjects } from "./run-objects.ts";

/** How to take a file back. */
export interface ImportOptions {
  /** What a file lacks: `guess` takes it for deleted unless it is more than half of the run. */
  readonly missing: "guess" | "deleted" | "kept";
  /** Annotations without one of the run's classes are objects too. */
  readonly allAnnotations: boolean;
}

/** What a file changes in a run's objects. */
export interface ImportReport {
  /** Objects of the run, and polygons' features of the file. */
  readonly original: number;
  readonly imported: number;
  readonly unchanged: number;
  readonly reshaped: number;
  readonly reclassified: number;
  /** Of both: these count under each. */
  readonly reshapedAndReclassified: number;
  /** Objects that the file does not have, and that are gone (or kept, where that was asked for). */
  readonly missing: number;
  readonly deleted: number;
  readonly added: number;
  /** Pieces beyond the largest of an object in several pieces: objects of their own. */
  readonly pieces: number;
  /** Objects whose outline was not valid and was mended. */
  readonly mended: number;
  /** Features that are no objects of the run's kind, by what they are. */
  readonly setAside: Readonly<Record<string, number>>;
  /** Objects that could not be taken, and why; the first hundred, and how many in all. */
  readonly leftOut: number;
  readonly left: readonly { readonly id: string | null; readonly why: string }[];
  /** Objects of the corrected set. */
  readonly objects: number;
  /** Names in the run folder. */
  readonly files: readonly string[];
}

const MOST_LEFT = 100;

/**
 * Takes back a GeoJSON file of a run's objects, as QuPath exported it after corrections, and writes
 * the corrected set beside the run's own objects, which stay.
 *
 * Objects are told by id. What keeps its outline keeps its measurements; of a reshaped or added one
 * area, perimeter and circularity are measured anew, and what the model or the pixels said of it is
 * left out. Memory holds some 50 bytes an object. Throws `input-not-found`, `corrupt-file`,
 * `output-unwritable`, and `run-mismatch` where the folder is in use or the file lacks more than half of the
 * run's objects and nobody said what that means.
 */
export async function importObjects(
  folder: string,
  path: string,
  options: ImportOptions,
): Promise<ImportReport> {
  const run = await openRunObjects(folder, "original");
  try {
    await lockFolder(folder);
    try {
      const origin = await originOf(path, run.record);
      return await new Importing(run, { folder, path, origin, options }).run();
    } finally {
      await unlockFolder(folder);
    }
  } finally {
    await run.close();
  }
}

/** The file that is taken, and what of it. */
interface Source {
  readonly folder: string;
  readonly path: string;
  /** Where the file counts from, level-0 px. */
  readonly origin: Point;
  readonly options: ImportOptions;
}

class Importing {
  readonly #run: RunObjects;
  readonly #record: RunRecord;
  readonly #folder: string;
  readonly #path: string;
  readonly #origin: Point;
  readonly #options: ImportOptions;
  readonly #plain: string;
  readonly #mpp: { readonly x: number; readonly y: number };
  readonly #table: ObjectTable;
  readonly #runClasses = new Set<string>();
  readonly #setAside: Record<string, number> = {};
  readonly #left: { id: string | null; why: string }[] = [];
  /** Class the file gives each of the run's objects; −1 for one that it lacks, −2 for one in another shape. */
  #classNow = new Int32Array(0);
  #counts = {
    imported: 0,
    unchanged: 0,
    reshaped: 0,
    reclassified: 0,
    reshapedAndReclassified: 0,
    added: 0,
    pieces: 0,
    mended: 0,
    leftOut: 0,
  };

  constructor(run: RunObjects, source: Source) {
    const { record, objects } = run;
    const { folder, path, origin, options } = source;
    this.#run = run;
    this.#record = record;
    this.#folder = folder;
    this.#path = path;
    this.#origin = origin;
    this.#options = options;
    this.#plain = taskNamed(record.task).objectName;
    this.#mpp =
      objects instanceof ObjectsFile
        ? objects.about.mpp
        : { x: record.mpp.slide, y: record.mpp.slide };
    this.#table = new ObjectTable(this.#plain, origin);
  }

  async run(): Promise<ImportReport> {
    this.#runClasses.add(this.#plain);
    for await (const instance of this.#run.objects.all()) {
      this.#table.add(instance);
      if (instance.classification !== undefined) this.#runClasses.add(instance.classification);
    }
    await this.#compare();
    const original = this.#table.size;
    const missing = this.#classNow.reduce((sum, code) => sum + (code === MISSING ? 1 : 0), 0);
    if (this.#options.missing === "guess" && missing > original / 2) {
      throw new MicrotomeError(
        "run-mismatch",
        `${this.#path} lacks ${missing} of the run's ${original} objects; expected most of them. Say --missing deleted if they were deleted, or --missing kept if it is a part of them.`,
        { path: this.#path, found: original - missing, expected: original },
      );
    }
    const { objects, files } = await this.#write();
    const report: ImportReport = {
      original,
      ...this.#counts,
      missing,
      deleted: this.#options.missing === "kept" ? 0 : missing,
      setAside: this.#setAside,
      left: this.#left,
      objects,
      files,
    };
    const names = correctedNames(this.#record);
    const about = { ...(await this.#provenance()), ...report };
    await writeFileAtomically(
      join(this.#folder, names.record),
      `${JSON.stringify(about, null, 2)}\n`,
    );
    return report;
  }

  /** First time through the file: what of the run is as it was, and what is new. */
  async #compare(): Promise<void> {
    const table = this.#table;
    const counts = this.#counts;
    table.begin();
    this.#classNow = new Int32Array(table.size).fill(MISSING);
    for await (const object of editedObjects(this.#path, this.#origin)) {
      counts.imported++;
      const decision = table.decide(object, this.#runClasses, this.#options.allAnnotations);
      if (decision.kind === "aside") {
        this.#setAside[decision.why] = (this.#setAside[decision.why] ?? 0) + 1;
      } else if (decision.kind === "left") {
        counts.leftOut++;
        if (this.#left.length < MOST_LEFT) this.#left.push({ id: object.id, why: decision.why });
      } else {
        if (object.mended) counts.mended++;
        if (decision.kind === "added") counts.added++;
        else this.#take(object, decision.number, decision.reshaped);
        if (decision.kind === "added" || decision.reshaped) {
          counts.pieces += object.polygons.length - 1;
        }
      }
    }
  }

  #take(object: EditedObject, number: number, reshaped: boolean): void {
    const counts = this.#counts;
    const code = this.#table.classCode(object.classification ?? this.#plain);
    const reclassified = code !== this.#table.classOf(number);
    this.#classNow[number] = reshaped ? RESHAPED : code;
    if (reshaped) counts.reshaped++;
    if (reclassified) counts.reclassified++;
    if (reshaped && reclassified) counts.reshapedAndReclassified++;
    if (!reshaped && !reclassified) counts.unchanged++;
  }

  async #write(): Promise<{ objects: number; files: string[] }> {
    const { model, key, task: taskName } = this.#record;
    const names = correctedNames(this.#record);
    const path = join(this.#folder, names.objects);
    const { objects } = await writeObjects(this.#corrected(), {
      path,
      about: {
        runKey: key,
        task: taskName,
        objectName: this.#plain,
        model: { name: model.name, sha256: model.sha256 },
        mpp: this.#mpp,
      },
    });
    const stored = await ObjectsFile.open(path);
    try {
      const { imported: _, ...provenance } = await this.#provenance();
      await writeQuPath(stored.all(), {
        path: join(this.#folder, names.geoJson),
        task: taskNamed(taskName),
        model: model.name,
        provenance: {
          modelSha256: model.sha256,
          micrometersPerPixel: this.#record.mpp.slide,
          ...provenance,
        },
      });
    } finally {
      await stored.close();
    }
    return { objects, files: [names.objects, names.geoJson, names.record] };
  }

  /** The corrected set: the run's objects in their order, then those of another shape and the new ones. */
  async *#corrected(): AsyncGenerator<Instance, void, void> {
    for await (const instance of this.#run.objects.all()) {
      const code = this.#classNow[this.#table.numberOf(instance.id)]!;
      if (code === RESHAPED) continue;
      if (code === MISSING) {
        if (this.#options.missing === "kept") yield instance;
        continue;
      }
      yield withClass(instance, this.#table.className(code), this.#plain);
    }
    this.#table.begin();
    let place = 0;
    const given = new IdTable();
    for await (const object of editedObjects(this.#path, this.#origin)) {
      const decision = this.#table.decide(object, this.#runClasses, this.#options.allAnnotations);
      place++;
      if (decision.kind !== "added" && !(decision.kind === "own" && decision.reshaped)) continue;
      for (const [piece, polygon] of object.polygons.entries()) {
        const own = piece === 0 && object.id !== null && UUID.test(object.id) ? object.id : null;
        const made = (name: string | number) =>
          uuidV5(`${this.#record.key}\nimport\n${name}\n${piece}`);
        let id = own ?? made(object.id ?? place);
        // Two new objects of one id stay two.
        if (!given.add(id).isNew) id = made(place);
        yield this.#measured(id.toLowerCase(), polygon, object.classification);
      }
    }
  }

  #measured(id: string, polygon: Polygon, className: string | null): Instance {
    const { x, y } = this.#mpp;
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
    return withClass(instance, className ?? this.#plain, this.#plain);
  }

  async #provenance() {
    return {
      runKey: this.#record.key,
      correctedWith: `microtome ${VERSION}`,
      correctedFrom: basename(this.#path),
      correctedFromSha256: await sha256Of(this.#path),
      imported: new Date().toISOString(),
    };
  }
}

/** The run's object is not in the file. */
const MISSING = -1;
/** It is there with another outline. */
const RESHAPED = -2;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function withClass(instance: Instance, name: string, plain: string): Instance {
  const { classification: _, ...others } = instance;
  return name === plain ? others : { ...others, classification: name };
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer);
  return hash.digest("hex");
}
