import { basename, join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import type { ClassColors } from "../export/class-color.ts";
import { readLabel } from "../export/object-label.ts";
import { originOfBounds, writeQuPath } from "../export/qupath.ts";
import type { Point } from "../geometry.ts";
import type { Instance } from "../merge/instance.ts";
import { taskNamed } from "../scales/tasks.ts";
import { sha256Of } from "../segment/file-hash.ts";
import { writeFileAtomically } from "../store/atomic-write.ts";
import { correctedNames } from "../store/corrected-names.ts";
import { ObjectsFile } from "../store/objects/objects-file.ts";
import { writeObjects } from "../store/objects/write-objects.ts";
import { lockFolder, unlockFolder } from "../store/run-lock.ts";
import type { RunRecord } from "../store/run-record.ts";
import { VERSION } from "../version.ts";
import { ObjectTable } from "./compare-objects.ts";
import { writeCorrectedLabels } from "./corrected-labels.ts";
import { MISSING, type ObjectKind, ObjectMaker, RESHAPED, withClass } from "./corrected-set.ts";
import { type EditedObject, editedObjects, originOf } from "./edited-objects.ts";
import { type ImportReport, ImportTally } from "./import-report.ts";
import { LabelTable } from "./label-table.ts";
import { readRunLabels } from "./run-labels.ts";
import { openRunObjects, type RunObjects } from "./run-objects.ts";

/** How to take a file back. */
export interface ImportOptions {
  /** What a file lacks: `guess` takes it for deleted unless it is more than half of the run. */
  readonly missing: "guess" | "deleted" | "kept";
  /** Annotations without one of the run's classes are objects too. */
  readonly allAnnotations: boolean;
}

/**
 * Takes back a GeoJSON file of a run's objects, as QuPath exported it after corrections, and writes
 * the corrected set beside the run's own objects, which stay.
 *
 * Objects are told by id. What keeps its outline keeps its measurements; of a reshaped or added one
 * area, perimeter and circularity are measured anew, and what the model or the pixels said of it is
 * left out. Name, lock, metadata and colour of an object, and the colours of classes, are what the file says. Memory holds
 * some 50 bytes an object, and what is said of some. Throws `input-not-found`, `corrupt-file`,
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
  readonly #source: Source;
  readonly #kind: ObjectKind;
  readonly #table: ObjectTable;
  readonly #runClasses = new Set<string>();
  readonly #tally = new ImportTally();
  readonly #labels: LabelTable;
  readonly #classColors = new Map<string, readonly [number, number, number]>();
  /** Class the file gives each of the run's objects; or MISSING, RESHAPED. */
  #classNow = new Int32Array(0);

  constructor(run: RunObjects, source: Source) {
    const { record, objects } = run;
    this.#run = run;
    this.#record = record;
    this.#source = source;
    this.#kind = {
      runKey: record.key,
      plain: taskNamed(record.task).objectName,
      mpp:
        objects instanceof ObjectsFile
          ? objects.about.mpp
          : { x: record.mpp.slide, y: record.mpp.slide },
    };
    this.#table = new ObjectTable(this.#kind.plain, source.origin);
    this.#labels = new LabelTable(source.path);
  }

  async run(): Promise<ImportReport> {
    const { folder, path, options } = this.#source;
    this.#runClasses.add(this.#kind.plain);
    for await (const instance of this.#run.objects.all()) {
      this.#table.add(instance);
      if (instance.classification !== undefined) this.#runClasses.add(instance.classification);
    }
    await this.#compare();
    const original = this.#table.size;
    const missing = this.#classNow.reduce((sum, code) => sum + (code === MISSING ? 1 : 0), 0);
    if (options.missing === "guess" && missing > original / 2) {
      throw new MicrotomeError(
        "run-mismatch",
        `${path} lacks ${missing} of the run's ${original} objects; expected most of them. Say --missing deleted if they were deleted, or --missing kept if it is a part of them.`,
        { path, found: original - missing, expected: original },
      );
    }
    const written = await this.#write();
    const report: ImportReport = {
      original,
      ...this.#tally.counts(),
      missing,
      deleted: options.missing === "kept" ? 0 : missing,
      ...written,
    };
    const about = {
      ...(await this.#provenance()),
      ...report,
      classColors: Object.fromEntries(this.#classColors),
    };
    await writeFileAtomically(
      join(folder, correctedNames(this.#record).record),
      `${JSON.stringify(about, null, 2)}\n`,
    );
    return report;
  }

  /** First time through the file: what of the run is as it was, and what is new. */
  async #compare(): Promise<void> {
    const table = this.#table;
    const tally = this.#tally;
    table.begin();
    this.#classNow = new Int32Array(table.size).fill(MISSING);
    for await (const object of this.#objects()) {
      tally.imported++;
      const decision = this.#decide(object);
      if (decision.kind === "aside") {
        tally.aside(decision.why);
      } else if (decision.kind === "left") {
        tally.leave(object.id, decision.why);
      } else {
        tally.leaveLabels(object.id, object.faults);
        this.#takeColor(object);
        if (object.mended) tally.mended++;
        if (decision.kind === "added") tally.added++;
        else this.#take(object, decision.number, decision.reshaped);
        if (decision.kind === "added" || decision.reshaped) {
          tally.pieces += object.polygons.length - 1;
        }
      }
    }
  }

  #take(object: EditedObject, number: number, reshaped: boolean): void {
    const code = this.#table.classCode(object.classification ?? this.#kind.plain);
    this.#tally.own(reshaped, code !== this.#table.classOf(number));
    this.#classNow[number] = reshaped ? RESHAPED : code;
    if (object.label && !reshaped) this.#labels.add(object.id!, object.label);
  }

  #takeColor({ classification, classColor }: EditedObject): void {
    const colors = this.#classColors;
    if (classification === null || classColor === null || colors.has(classification)) return;
    if (colors.size < MOST_COLORS) colors.set(classification, classColor);
  }

  async #write() {
    const { model, key, task: taskName } = this.#record;
    const { folder } = this.#source;
    const names = correctedNames(this.#record);
    const path = join(folder, names.objects);
    const { objects } = await writeObjects(this.#corrected(), {
      path,
      about: {
        runKey: key,
        task: taskName,
        objectName: this.#kind.plain,
        model: { name: model.name, sha256: model.sha256 },
        mpp: this.#kind.mpp,
      },
    });
    const stored = await ObjectsFile.open(path);
    try {
      const { importedAt: _, ...provenance } = await this.#provenance();
      const labels = this.#labels;
      const labelled = await writeCorrectedLabels(
        join(folder, names.labels),
        key,
        labels.size > 0 ? idsOf(stored) : [],
        labels,
      );
      const classColors: ClassColors = this.#classColors;
      await writeQuPath(stored.blocks(), {
        path: join(folder, names.geoJson),
        ...originOfBounds(this.#record.slide.bounds),
        task: taskNamed(taskName),
        model: model.name,
        provenance: {
          modelSha256: model.sha256,
          micrometersPerPixel: this.#record.mpp.slide,
          ...provenance,
        },
        ...(labelled > 0 ? { labels } : {}),
        ...(classColors.size > 0 ? { classColors } : {}),
      });
      return {
        objects,
        labelled,
        files: [names.objects, names.geoJson, names.record, names.labels],
      };
    } finally {
      await stored.close();
    }
  }

  /** The corrected set: the run's objects in their order, then those of another shape and the new ones. */
  async *#corrected(): AsyncGenerator<Instance, void, void> {
    const { plain } = this.#kind;
    const kept = this.#source.options.missing === "kept";
    // What the file does not speak of keeps what the run said of it.
    const { labels: before } = kept
      ? await readRunLabels(this.#source.folder, this.#record, false)
      : {};
    for await (const instance of this.#run.objects.all()) {
      const code = this.#classNow[this.#table.numberOf(instance.id)]!;
      if (code === RESHAPED) continue;
      if (code === MISSING) {
        if (!kept) continue;
        // Within the bounds of what is imported, or its reader would refuse it.
        const { label } = readLabel({ ...before?.get(instance.id) });
        if (label) this.#labels.add(instance.id, label);
        yield instance;
        continue;
      }
      yield withClass(instance, this.#table.className(code), plain);
    }
    this.#table.begin();
    const maker = new ObjectMaker(this.#kind);
    let place = 0;
    for await (const object of this.#objects()) {
      const decision = this.#decide(object);
      place++;
      if (decision.kind !== "added" && !(decision.kind === "own" && decision.reshaped)) continue;
      for (const instance of maker.made(object, place)) {
        if (object.label) this.#labels.add(instance.id, object.label);
        yield instance;
      }
    }
  }

  #objects(): AsyncGenerator<EditedObject, void, void> {
    return editedObjects(this.#source.path, this.#source.origin);
  }

  #decide(object: EditedObject) {
    return this.#table.decide(object, this.#runClasses, this.#source.options.allAnnotations);
  }

  async #provenance() {
    return {
      runKey: this.#record.key,
      correctedWith: `microtome ${VERSION}`,
      correctedFrom: basename(this.#source.path),
      correctedFromSha256: await sha256Of(this.#source.path),
      // Not `imported`: that is how many objects were.
      importedAt: new Date().toISOString(),
    };
  }
}

/** Colours of so many classes are kept. */
const MOST_COLORS = 1000;

async function* idsOf(objects: ObjectsFile): AsyncGenerator<string, void, void> {
  for await (const block of objects.blocks()) {
    for (let i = 0; i < block.count; i++) yield block.id(i);
  }
}
