import { createHmac, randomBytes } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { correctedNames } from "../store/corrected-names.ts";
import { objectsFileName, openObjectsFile } from "../store/run-objects-file.ts";
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
import { withoutPaths } from "./http-error.ts";
import { LeaseCache } from "./lease-cache.ts";
import { openMemoryOverlay } from "./memory-overlay.ts";
import type { OverlaySource } from "./overlay-source.ts";
import { readObjects } from "./read-objects.ts";
import { objectsFile, readServedRun } from "./served-run.ts";
import { openStoredOverlay } from "./stored-overlay.ts";

const OPEN_SLIDES = 8;
/** What the slides that are kept open may hold in memory, bytes: pictures are held whole. */
const OPEN_BYTES = 768 * 2 ** 20;
const OPEN_OVERLAYS = 4;
const MAX_FAILURES_TOLD = 100;
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

  runEntry(id: string): CatalogRun {
    const entry = this.#catalog.runs.get(id);
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
    const { record, kept, exported } = await this.#objects(id);
    const path = kept ?? exported;
    if (path === null) throw this.#noObjects(id, record);
    const version = await fileVersion(path);
    return this.#overlays.use(
      `${path}\n${version}`,
      async () =>
        path === kept
          ? openStoredOverlay(
              await openObjectsFile(path, record.key),
              version,
              new Map(Object.entries(record.prompts?.classColors ?? {})),
            )
          : openMemoryOverlay(await readObjects(path), version),
      work,
    );
  }

  /** The GeoJSON of a run's objects. Throws `not-found` while there is none. */
  async objectsPath(id: string): Promise<string> {
    const { record, exported } = await this.#objects(id);
    if (exported === null) throw this.#noObjects(id, record);
    return exported;
  }

  /**
   * The files of a run's objects that are there, as corrected where they were, once run.json lists some:
   * what an earlier start left in the folder is not this run's.
   */
  async #objects(id: string) {
    const entry = this.runEntry(id);
    const record = await this.#record(entry);
    const find = async (name: string): Promise<string | null> => {
      const path = join(entry.folderPath, name);
      const found = await stat(path).catch(() => null);
      return found?.isFile() ? confirmPath(path) : null;
    };
    const corrected = correctedNames(record);
    if (record.files.length > 0 && (await find(corrected.objects))) {
      const [kept, exported] = [await find(corrected.objects), await find(corrected.geoJson)];
      return { record, kept, exported };
    }
    const listed = (name: string) => (record.files.includes(name) ? find(name) : null);
    const [kept, exported] = [objectsFileName(record.task), objectsFile(record)];
    return { record, kept: await listed(kept), exported: await listed(exported) };
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
    const entry = this.runEntry(id);
    const record = await this.#record(entry);
    const { kept, exported } = await this.#objects(id);
    const overlay =
      (kept ?? exported) ? await this.withOverlay(id, async (source) => source.info) : null;
    return {
      ...describeRun(entry, record),
      overlay,
      downloads: exported ? downloads(id, basename(exported)) : [],
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

function describeSlide(id: string, name: string, { slide, version }: OpenedSlide): SlideInfo {
  return {
    id,
    name,
    version,
    vendor: slide.vendor,
    width: slide.size.width,
    height: slide.size.height,
    mpp: slide.mpp && { x: slide.mpp.x, y: slide.mpp.y, source: slide.mpp.source },
    objectivePower: slide.objectivePower,
    iccProfile: slide.iccProfile !== null,
    levels: slide.levels.map((level) => ({
      width: level.size.width,
      height: level.size.height,
      downsample: level.downsample,
      tileWidth: level.tileSize.width,
      tileHeight: level.tileSize.height,
    })),
  };
}

function describeRun(entry: CatalogRun, record: RunRecord): Omit<RunInfo, "overlay" | "downloads"> {
  const { failures } = record;
  return {
    id: entry.id,
    name: entry.name,
    task: record.task,
    state: record.state,
    slide: entry.slide,
    slideName: record.slide.name,
    software: `${record.software.name} ${record.software.version}`,
    model: {
      name: record.model.name,
      version: record.model.version,
      sha256: record.model.sha256,
    },
    mpp: { slide: record.mpp.slide, source: record.mpp.source, used: record.mpp.used },
    areaMm2: record.areaMm2,
    seconds: record.seconds,
    patches: { ...record.patches },
    counts: { ...record.counts },
    parameters: Object.fromEntries(
      Object.entries(record.parameters).map(([key, value]) => [
        key,
        typeof value === "string" ? withoutPaths(value) : value,
      ]),
    ),
    failures: failures.slice(0, MAX_FAILURES_TOLD).map(({ patch, error }) => ({
      patch,
      code: error.code,
      message: withoutPaths(error.message),
    })),
    failureCount: failures.length,
    researchUseOnly: true,
  };
}

function downloads(id: string, packed: string): RunInfo["downloads"] {
  const plain = packed.replace(/\.gz$/, "");
  return [packed, plain].map((name) => ({ name, url: `/api/runs/${id}/${name}` }));
}

/** A word for a slide's state, that of the files it is made of included. Keyed, as the time of a scan is not to be had from it. */
async function fileVersion(path: string): Promise<string> {
  const hash = createHmac("sha256", VERSION_KEY);
  for (const file of [path, ...(await filesWithin(path))]) {
    const { size, mtimeMs, ino } = await stat(file);
    hash.update(`${file}\n${size}\n${mtimeMs}\n${ino}\n`);
  }
  return hash.digest("base64url").slice(0, 16);
}

/** What lies in a slide that is a folder (DICOM), or in the folder that belongs to a file (MIRAX). */
async function filesWithin(path: string): Promise<string[]> {
  const folder = /\.mrxs$/i.test(path) ? path.slice(0, -".mrxs".length) : path;
  // A slide that is a file has no entries to read.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(folder, name));
  return files.sort();
}

const VERSION_KEY = randomBytes(32);

function missing(kind: "slide" | "run"): MicrotomeError {
  return new MicrotomeError(
    "not-found",
    `There is no such ${kind} here; the list at /api/items names those that are served.`,
  );
}
