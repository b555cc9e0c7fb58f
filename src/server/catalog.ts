import { createHash } from "node:crypto";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { fingerprintFiles } from "../store/fingerprint.ts";
import type { RunRecord } from "../store/run-record.ts";
import { slideCandidates } from "../store/slide-location.ts";
import {
  type DicomListing,
  hasSlideEnding,
  listDicomSlides,
  slideFiles,
} from "../tiler/slide-files.ts";
import type { ItemList, RunRef, SlideRef } from "./api.ts";
import { readServedRun } from "./served-run.ts";

/** How much of a folder is looked at: a mistaken `view /` must come to an end. */
const LIMITS: CatalogLimits = { depth: 6, entries: 20_000 };

/** Folders below the target, and files and folders in all. */
export interface CatalogLimits {
  readonly depth: number;
  readonly entries: number;
}

/** A slide that may be served. Paths are real paths: no link is left in them. */
export interface CatalogSlide extends SlideRef {
  readonly path: string;
}

/** A run that may be served. */
export interface CatalogRun extends RunRef {
  readonly folderPath: string;
}

/** Everything that may be served, by opaque id: the only way from an address to a file. */
export interface Catalog {
  readonly slides: ReadonlyMap<string, CatalogSlide>;
  readonly runs: ReadonlyMap<string, CatalogRun>;
  readonly initial: ItemList["initial"];
}

/**
 * Finds what a target holds: a slide file, a run directory, or a folder of either; a folder of DICOM files is
 * one slide.
 *
 * Links that lead out of the target are left out. A run's slide is served from where its local.json or
 * run.json says it was, or from beside the run, when size and fingerprint are still those of the run.
 * `note` is told what is left out and why: a run whose run.json cannot be read, what lies beyond the
 * limits. Throws `input-not-found`, `unsupported-slide`, and `corrupt-file` for a run given by name.
 */
export async function readCatalog(
  target: string,
  note: (line: string) => void,
  limits = LIMITS,
): Promise<Catalog> {
  const root = await realpath(target).catch((cause) => {
    throw new MicrotomeError(
      "input-not-found",
      `${target} does not exist; expected a slide file, a run directory or a folder of them.`,
      { path: target },
      cause,
    );
  });
  const builder = new CatalogBuilder(root, note, limits);
  const found = await stat(root);
  if (found.isFile()) {
    const slide = builder.addSlide(root, "");
    return builder.finish({ slide: slide.id, run: null });
  }
  const record = await readServedRun(root);
  if (record) {
    const run = await builder.addRun(root, "", record);
    return builder.finish({ slide: run.slide, run: run.id });
  }
  await builder.walk(root, "", 0);
  await builder.addRuns();
  return builder.finish(null);
}

class CatalogBuilder {
  readonly #root: string;
  readonly #slides = new Map<string, CatalogSlide>();
  readonly #runs = new Map<string, CatalogRun>();
  readonly #pendingRuns: { path: string; folder: string; record: RunRecord }[] = [];
  readonly #note: (line: string) => void;
  readonly #limits: CatalogLimits;
  #entries = 0;

  constructor(root: string, note: (line: string) => void, limits: CatalogLimits) {
    this.#root = root;
    this.#note = note;
    this.#limits = limits;
  }

  addSlide(path: string, folder: string): CatalogSlide {
    const slide = { id: opaqueId("slide", path), name: basename(path), folder, path };
    this.#slides.set(slide.id, slide);
    return slide;
  }

  async addRun(path: string, folder: string, record: RunRecord): Promise<CatalogRun> {
    const slidePath = await this.#findSlide(path, record);
    const slide = slidePath
      ? (this.#slides.get(opaqueId("slide", slidePath)) ?? this.addSlide(slidePath, ""))
      : null;
    const run: CatalogRun = {
      id: opaqueId("run", path),
      name: basename(path),
      folder,
      task: record.task,
      slide: slide?.id ?? null,
      slideName: record.slide.name,
      state: record.state,
      objects: record.counts.objects,
      folderPath: path,
    };
    this.#runs.set(run.id, run);
    return run;
  }

  /** Collects slides and runs; runs are added afterwards, when every slide is known. */
  async walk(path: string, folder: string, depth: number): Promise<void> {
    const entries = await readdir(path).catch((error: Error) => {
      this.#note(`left out: ${path} cannot be read (${error.message})`);
      return [];
    });
    const files = new Map<string, string>();
    const folders: { readonly real: string; readonly name: string }[] = [];
    for (const name of entries.sort()) {
      if (name.startsWith(".")) continue;
      if (++this.#entries > this.#limits.entries) {
        this.#note(
          `left out: ${this.#root} holds more than ${this.#limits.entries} files and folders, and only so many are looked at; view a folder further in`,
        );
        break;
      }
      const real = await this.#inside(join(path, name));
      if (real === null) continue;
      const found = await stat(real).catch(() => null);
      if (found?.isDirectory()) {
        folders.push({ real, name });
      } else if (found?.isFile() && real === join(path, name)) {
        files.set(name, `${name}\n${found.size}\n${found.mtimeMs}`);
      } else if (found?.isFile() && hasSlideEnding(name)) {
        this.addSlide(real, folder);
      }
    }
    await this.#addFiles(path, folder, files);
    for (const { real, name } of folders) await this.#enter(real, folder, name, depth);
  }

  /** Adds the slides among the files of a folder, by name; one of many DICOM files is one slide. */
  async #addFiles(path: string, folder: string, files: ReadonlyMap<string, string>): Promise<void> {
    const names = [...files.keys()];
    const state = [...files.values()].join("\n");
    let known = listings.get(path);
    if (known?.state !== state) {
      known = { state, dicom: await listDicomSlides(path, names) };
      listings.set(path, known);
    }
    const { dicom } = known;
    for (const slide of dicom.slides) {
      this.addSlide(slide, slide === path ? dirname(join(sep, folder)).slice(1) : folder);
    }
    for (const name of names.filter((one) => hasSlideEnding(one) && !dicom.files.has(one))) {
      this.addSlide(join(path, name), folder);
    }
  }

  /** A folder is a run, or may hold some. */
  async #enter(real: string, folder: string, name: string, depth: number): Promise<void> {
    if (depth >= this.#limits.depth) {
      this.#note(
        `left out: folders more than ${this.#limits.depth} deep below ${this.#root}, such as ${real}; view a folder further in`,
      );
      return;
    }
    const record = await readServedRun(real).catch((error: Error) => {
      this.#note(`left out: ${error.message}`);
      return null;
    });
    if (record) this.#pendingRuns.push({ path: real, folder, record });
    else await this.walk(real, join(folder, name), depth + 1);
  }

  async addRuns(): Promise<void> {
    for (const { path, folder, record } of this.#pendingRuns) {
      await this.addRun(path, folder, record);
    }
  }

  finish(initial: ItemList["initial"] | null): Catalog {
    const firstRun = [...this.#runs.values()].find((run) => run.slide !== null);
    const firstSlide = this.#slides.keys().next().value ?? null;
    return {
      slides: this.#slides,
      runs: this.#runs,
      initial: initial ?? { slide: firstRun?.slide ?? firstSlide, run: firstRun?.id ?? null },
    };
  }

  /** The real path when it lies inside the root, else null. */
  async #inside(path: string): Promise<string | null> {
    const real = await realpath(path).catch(() => null);
    return real?.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep) ? real : null;
  }

  async #findSlide(runPath: string, record: RunRecord): Promise<string | null> {
    const { name } = record.slide;
    const told = await slideCandidates(runPath, record).catch((error: Error) => {
      this.#note(`${join(runPath, "local.json")} cannot be read (${error.message})`);
      return [];
    });
    const candidates = [
      ...told,
      join(dirname(runPath), basename(name)),
      join(runPath, basename(name)),
      ...[...this.#slides.values()].filter((s) => s.name === name).map((s) => s.path),
    ];
    for (const candidate of candidates) {
      const real = await realpath(candidate).catch(() => null);
      if (real && (await isSlideOf(record, real))) return real;
    }
    return null;
  }
}

/** A run.json that comes from elsewhere must not open any file it likes to name. */
async function isSlideOf(record: RunRecord, path: string): Promise<boolean> {
  const files = await slideFiles(path).catch(() => []);
  const found = await Promise.all(files.map((file) => stat(file).catch(() => null)));
  const bytes = found.reduce((sum, facts) => sum + (facts?.size ?? Number.NaN), 0);
  if (files.length === 0 || bytes !== record.slide.bytes) return false;
  const key = files.map((file, i) => `${file}\n${found[i]!.size}\n${found[i]!.mtimeMs}`).join("\n");
  let fingerprint = fingerprints.get(key);
  if (fingerprint === undefined) {
    fingerprint = (await fingerprintFiles(files)).sha256;
    fingerprints.set(key, fingerprint);
  }
  return fingerprint === record.slide.fingerprint;
}

/** By folder, while its files are the same: a list that is asked for again opens no file again. */
const listings = new Map<string, { readonly state: string; readonly dicom: DicomListing }>();

/** By path, size and time: a list that is asked for again need not read every slide again. */
const fingerprints = new Map<string, string>();

/** The same path has the same id in every start of the server: addresses can be kept. */
function opaqueId(kind: "slide" | "run", path: string): string {
  return createHash("sha256").update(`${kind}\n${path}`).digest("base64url").slice(0, 20);
}

/** What the catalogue tells a browser. */
export function toItemList(catalog: Catalog): ItemList {
  return {
    slides: [...catalog.slides.values()].map(({ id, name, folder }) => ({
      id,
      name,
      folder: folder.split(sep).join("/"),
    })),
    runs: [...catalog.runs.values()].map(({ folderPath: _, ...run }) => ({
      ...run,
      folder: run.folder.split(sep).join("/"),
    })),
    initial: catalog.initial,
  };
}

/** Where a file of the catalogue really is now. Throws `not-found` when a link has taken its place. */
export async function confirmPath(path: string): Promise<string> {
  const real = await realpath(path).catch(() => null);
  if (real !== path) {
    throw new MicrotomeError(
      "not-found",
      `${relative(dirname(path), path)} is no longer where it was when the server looked; reload the page.`,
    );
  }
  return real;
}
