import { join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { correctedNames } from "../store/corrected-names.ts";
import { type Corrections, readCorrections } from "../store/corrections.ts";
import { openObjectsFile } from "../store/run-objects-file.ts";
import type { RunRecord } from "../store/run-record.ts";
import { type FilledSlide, fillLevels } from "../tiler/fill-levels.ts";
import { openSlide } from "../tiler/open-slide.ts";
import type { OpenOptions } from "../tiler/slide.ts";
import type { RunInfo, SlideInfo } from "./api.ts";
import {
  type Catalog,
  type CatalogRun,
  type CatalogSlide,
  confirmPath,
  readCatalog,
} from "./catalog.ts";
import { describeCorrections, describeRun, downloadsOf } from "./describe-run.ts";
import { describeSlide } from "./describe-slide.ts";
import { fileVersion } from "./file-version.ts";
import { LeaseCache } from "./lease-cache.ts";
import { openMemoryOverlay } from "./memory-overlay.ts";
import type { OverlaySource } from "./overlay-source.ts";
import { readObjects } from "./read-objects.ts";
import { findRunFiles, parseRunId } from "./run-files.ts";
import { readServedRun } from "./served-run.ts";
import { openStoredOverlay } from "./stored-overlay.ts";

const OPEN_SLIDES = 8;
/** What the slides that are kept open may hold in memory, bytes: pictures are held whole. */
const OPEN_BYTES = 768 * 2 ** 20;
const OPEN_OVERLAYS = 4;
/** For how long tiles of an open slide are served before its file is looked at again, ms. */
const TRUSTED_MS = 500;

/** An open slide without gaps in its pyramid. `version` changes whenever its file does. */
export interface OpenedSlide extends FilledSlide {
  readonly version: string;
}

/** When a slide's file was last looked at, and what state it was in. */
interface Sighting {
  readonly at: number;
  readonly version: Promise<string>;
}

/** The slides and runs of one target, opened when asked for and closed when not. */
export class Library {
  readonly #target: string;
  readonly #note: (line: string) => void;
  readonly #opening: OpenOptions;
  #catalog: Catalog;
  readonly #slides = new LeaseCache<FilledSlide>(
    { count: OPEN_SLIDES, weight: OPEN_BYTES, weigh: ({ bytes }) => bytes },
    ({ slide }) => slide.close(),
  );
  /** By path. */
  readonly #sightings = new Map<string, Sighting>();
  readonly #overlays = new LeaseCache<OverlaySource>({ count: OPEN_OVERLAYS }, (overlay) =>
    overlay.close(),
  );

  private constructor(
    target: string,
    catalog: Catalog,
    note: (line: string) => void,
    opening: OpenOptions,
  ) {
    this.#target = target;
    this.#note = note;
    this.#opening = opening;
    this.#catalog = catalog;
  }

  /** `log` is told once of everything that is left out; `opening` is how slides are opened. Throws what readCatalog throws. */
  static async open(
    target: string,
    log: (line: string) => void,
    opening: OpenOptions = {},
  ): Promise<Library> {
    const told = new Set<string>();
    const note = (line: string) => {
      if (told.has(line)) return;
      told.add(line);
      log(line);
    };
    return new Library(target, await readCatalog(target, note), note, opening);
  }

  /** Looks at the target again: runs appear and finish while the server runs. */
  async refresh(): Promise<Catalog> {
    this.#catalog = await readCatalog(this.#target, this.#note);
    return this.#catalog;
  }

  slideEntry(id: string): CatalogSlide {
    const entry = this.#catalog.slides.get(id);
    if (!entry) throw missing("slide");
    return entry;
  }

  /** `id` may ask for a run's original objects, see {@link parseRunId}. */
  runEntry(id: string): CatalogRun {
    const entry = this.#catalog.runs.get(parseRunId(id).run);
    if (!entry) throw missing("run");
    return entry;
  }

  /** The slide as its file is now. Throws `not-found`, and what opening a slide throws. */
  async withSlide<R>(id: string, work: (opened: OpenedSlide) => Promise<R>): Promise<R> {
    const { path } = this.slideEntry(id);
    const version = await this.#look(path);
    return this.#slides.use(
      `${path}\n${version}`,
      async () => fillLevels(await openSlide(path, this.#opening)),
      (filled) => work({ ...filled, version }),
    );
  }

  /**
   * As {@link withSlide}, for answers that come by the hundred: while the slide is open, its file is
   * looked at twice a second, not for each. What is open stays the file that was confirmed.
   */
  async withTiles<R>(id: string, work: (opened: OpenedSlide) => Promise<R>): Promise<R> {
    const { path } = this.slideEntry(id);
    const seen = this.#sightings.get(path);
    if (!seen || performance.now() - seen.at > TRUSTED_MS) return this.withSlide(id, work);
    const version = await seen.version;
    const lease = this.#slides.borrowOpen(`${path}\n${version}`);
    if (!lease) return this.withSlide(id, work);
    try {
      return await work({ ...(await lease.value), version });
    } finally {
      lease.release();
    }
  }

  /** Confirms that a file is where it was, and says what state it is in. */
  #look(path: string): Promise<string> {
    const version = confirmPath(path).then(fileVersion);
    this.#sightings.set(path, { at: performance.now(), version });
    version.catch(() => this.#sightings.delete(path));
    return version;
  }

  /**
   * A run's objects from its objects file, else, as of a version that kept none, from its GeoJSON.
   * Throws `not-found`, and what reading the objects throws.
   */
  async withOverlay<R>(id: string, work: (overlay: OverlaySource) => Promise<R>): Promise<R> {
    const { entry, record, files } = await this.#objects(id);
    const { kept, exported } = files;
    const path = kept ?? exported;
    if (path === null) throw this.#noObjects(id, record);
    const version = await fileVersion(path);
    // An import writes it after the objects, and it has the classes' colours.
    const told = files.hasCorrected
      ? await fileVersion(join(entry.folderPath, correctedNames(record).record)).catch(() => "")
      : "";
    return this.#overlays.use(
      `${path}\n${version}\n${told}`,
      async () =>
        path === kept
          ? openStoredOverlay(
              await openObjectsFile(path, record.key),
              version,
              new Map(Object.entries(await classColors(entry, record, files.hasCorrected))),
            )
          : openMemoryOverlay(await readObjects(path), version),
      work,
    );
  }

  /** The GeoJSON of a run's objects. Throws `not-found` while there is none. */
  async objectsPath(id: string): Promise<string> {
    const { record, files } = await this.#objects(id);
    if (files.exported === null) throw this.#noObjects(id, record);
    return files.exported;
  }

  async #objects(id: string) {
    const entry = this.runEntry(id);
    const record = await this.#record(entry);
    const { original } = parseRunId(id);
    return { entry, record, files: await findRunFiles(entry.folderPath, record, original) };
  }

  #noObjects(id: string, { state }: RunRecord): MicrotomeError {
    return new MicrotomeError(
      "not-found",
      `The run ${this.runEntry(id).name} has no objects yet (it is ${state}); go on with it: microtome segment … --resume.`,
    );
  }

  async slideInfo(id: string): Promise<SlideInfo> {
    return this.withSlide(id, async (opened) =>
      describeSlide(id, this.slideEntry(id).name, opened),
    );
  }

  async runInfo(id: string): Promise<RunInfo> {
    const { entry, record, files } = await this.#objects(id);
    const { kept, exported, hasCorrected } = files;
    const overlay =
      (kept ?? exported) ? await this.withOverlay(id, async (source) => source.info) : null;
    const told = hasCorrected ? await correctionsOf(entry, record) : null;
    return {
      ...describeRun(entry, record),
      id,
      overlay,
      downloads: exported ? downloadsOf(id, exported) : [],
      corrections: hasCorrected
        ? describeCorrections(entry.id, parseRunId(id).original, told)
        : null,
    };
  }

  /** What run.json says now: a run may have gone on, or been started again, since the list was made. */
  async #record(entry: CatalogRun): Promise<RunRecord> {
    const record = await readServedRun(await confirmPath(entry.folderPath));
    if (!record) throw missing("run");
    return record;
  }

  async close(): Promise<void> {
    await this.#slides.clear();
    await this.#overlays.clear();
  }
}

/** What was corrected. The corrections are shown without that where it cannot be read. */
async function correctionsOf(entry: CatalogRun, record: RunRecord): Promise<Corrections | null> {
  try {
    await confirmPath(join(entry.folderPath, correctedNames(record).record));
    return await readCorrections(entry.folderPath, record);
  } catch {
    return null;
  }
}

/** Colours that the files of a run's marks and corrections give classes. */
async function classColors(entry: CatalogRun, record: RunRecord, hasCorrected: boolean) {
  const told = hasCorrected ? await correctionsOf(entry, record) : null;
  return { ...record.prompts?.classColors, ...told?.classColors };
}

function missing(kind: "slide" | "run"): MicrotomeError {
  return new MicrotomeError(
    "not-found",
    `There is no such ${kind} here; the list at /api/items names those that are served.`,
  );
}
