import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { type ClickedObject, clickedObjects } from "../pipeline/click-objects.ts";
import { type ClickPlan, clickKey, planClick } from "../pipeline/plan-click.ts";
import type { TaskSpec } from "../scales/scale.ts";
import { taskNamed } from "../scales/tasks.ts";
import {
  type ClickAnswer,
  type ClickPatch,
  ClickSegmenter,
} from "../segment/clicks/click-segmenter.ts";
import type { ModelSpec } from "../segment/model.ts";
import type { Prompt } from "../segment/prompt.ts";
import type { Provider } from "../segment/provider.ts";
import { defaultModelFor, loadModel } from "../segment/registry.ts";
import { fingerprintFiles } from "../store/fingerprint.ts";
import { readScaled } from "../tiler/read-scaled.ts";
import type { Slide } from "../tiler/slide.ts";
import { slideFiles } from "../tiler/slide-files.ts";
import type { ClickRequest } from "./click-request.ts";
import { HttpError } from "./http-error.ts";
import { LeaseCache } from "./lease-cache.ts";
import type { Library } from "./library.ts";

/** Models that are open at once, each in a thread of its own. */
const OPEN_MODELS = 2;
/** More hardly make a patch ready sooner. */
const MOST_THREADS = 4;
/** Clicks that are being answered at once, or wait: more is a fault, or an attack. */
const MOST_CLICKS = 64;
/** Threads end when nobody has clicked for so long, ms. */
const IDLE_MS = 5 * 60_000;
/** Fingerprints kept, one a state of a slide. */
const MOST_FINGERPRINTS = 256;

/** What clicks may cost. */
export interface ClickOptions {
  /** Embeddings kept in memory, a model, bytes; 256 MiB where left out. */
  readonly memoryBytes?: number;
  /** A folder that keeps embeddings between starts, for its owner alone; none where left out. */
  readonly cacheFolder?: string;
  /** At most so many bytes in it; 2 GiB where left out. */
  readonly cacheBytes?: number;
  /** What runs the models; the CPU where left out. Embeddings of others are kept in memory alone. */
  readonly provider?: Provider;
}

/** A model that answers clicks. */
interface OpenModel {
  readonly spec: ModelSpec;
  readonly segmenter: ClickSegmenter;
}

/** The objects under a click, best first, and what they cost. */
export interface ClickOutcome {
  readonly task: TaskSpec;
  readonly model: ModelSpec;
  readonly plan: ClickPlan;
  /** The part of level 0 that was scanned, where that is not all of it. */
  readonly bounds: Slide["bounds"];
  readonly objects: readonly ClickedObject[];
  readonly answer: ClickAnswer;
}

/** What a model takes, and whether the place that was named is ready for a click. */
export interface Readiness {
  readonly task: TaskSpec;
  readonly model: ModelSpec;
  readonly takes: ClickSegmenter["takes"];
  readonly ready: boolean;
}

/** Answers clicks on a library's slides; models are opened when asked for and let go when nobody clicks. */
export class ClickService {
  readonly #library: Library;
  readonly #options: ClickOptions;
  readonly #models = new LeaseCache<OpenModel>({ count: OPEN_MODELS }, ({ segmenter }) =>
    segmenter.close(),
  );
  readonly #fingerprints = new Map<string, Promise<string>>();
  /** The model of a task, looked for once: descriptions are read from disk for that. */
  readonly #defaults = new Map<string, Promise<string>>();
  #users = 0;
  #isClosed = false;
  #idle: NodeJS.Timeout | undefined;

  constructor(library: Library, options: ClickOptions = {}) {
    this.#library = library;
    this.#options = options;
  }

  /**
   * The objects under a click. Throws MicrotomeErrors for what cannot be asked of the slide or the model, and 503
   * where too many ask at once.
   */
  async click(slide: string, request: ClickRequest, signal: AbortSignal): Promise<ClickOutcome> {
    const { prompt } = request;
    if (prompt === null) {
      throw new HttpError(400, "usage", "A click needs a point or a box.");
    }
    return await this.#withModel(request, async ({ spec, segmenter }, task) => {
      const { plan, patch, bounds } = await this.#place(
        slide,
        task,
        { spec, segmenter },
        request,
        prompt,
      );
      const answer = await segmenter.answer(patch, plan.prompt, signal);
      const objects = clickedObjects(plan, answer.masks, patch.key);
      return { task, model: spec, plan, bounds, objects, answer };
    });
  }

  /** Opens the model, and encodes the patch of a prompt ahead of a click on it. Throws as `click` does. */
  async prepare(slide: string, request: ClickRequest, signal: AbortSignal): Promise<Readiness> {
    const { prompt } = request;
    return await this.#withModel(request, async ({ spec, segmenter }, task) => {
      const told = { task, model: spec, takes: segmenter.takes };
      if (prompt === null) return { ...told, ready: false };
      const { patch } = await this.#place(slide, task, { spec, segmenter }, request, prompt);
      return { ...told, ready: await isPrepared(segmenter.prepare(patch, signal)) };
    });
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    await this.#models.clear();
  }

  async #withModel<R>(
    request: ClickRequest,
    work: (model: OpenModel, task: TaskSpec) => Promise<R>,
  ): Promise<R> {
    if (this.#users >= MOST_CLICKS) {
      throw new HttpError(503, "busy", "Too many clicks at once; wait a moment and click again.");
    }
    this.#users++;
    clearTimeout(this.#idle);
    try {
      const named = taskNamed(request.task);
      const task = request.mpp === null ? named : { ...named, mpp: request.mpp };
      const name = modelName(request) ?? (await this.#defaultFor(named.name));
      // A thread that is started now would never be ended.
      if (this.#isClosed) throw new HttpError(503, "busy", "The server is being stopped.");
      return await this.#models.use(
        name,
        () => this.#open(name),
        (model) => work(model, task),
      );
    } finally {
      this.#users--;
      if (this.#users === 0 && !this.#isClosed) this.#restLater();
    }
  }

  #defaultFor(task: string): Promise<string> {
    const known = this.#defaults.get(task);
    if (known) return known;
    const found = defaultModelFor(task);
    found.catch(() => this.#defaults.delete(task));
    this.#defaults.set(task, found);
    return found;
  }

  async #open(name: string): Promise<OpenModel> {
    const spec = await loadModel(name);
    const { memoryBytes = 256 * 2 ** 20, cacheFolder, cacheBytes = 2 * 2 ** 30 } = this.#options;
    const { provider = "cpu" } = this.#options;
    // Another provider's numbers differ in their last digits, and a patch's key does not name it.
    const kept = provider === "cpu" ? cacheFolder : undefined;
    const disk = kept === undefined ? null : { folder: kept, bytes: cacheBytes };
    const threads = Math.min(MOST_THREADS, availableParallelism());
    const settings = { model: spec, threads, provider, memoryBytes, disk };
    return { spec, segmenter: await ClickSegmenter.open(settings) };
  }

  #restLater(): void {
    this.#idle = setTimeout(() => {
      this.#defaults.clear();
      void this.#models.clear();
    }, IDLE_MS);
    this.#idle.unref();
  }

  async #place(
    id: string,
    task: TaskSpec,
    { spec, segmenter }: OpenModel,
    request: ClickRequest,
    prompt: Prompt,
  ): Promise<{
    readonly plan: ClickPlan;
    readonly patch: ClickPatch;
    readonly bounds: Slide["bounds"];
  }> {
    return await this.#library.withTiles(id, async ({ slide, version }) => {
      // Messages name the file, not where it lies.
      const { slideMpp } = request;
      const mpp: Slide["mpp"] =
        slideMpp === null ? slide.mpp : { x: slideMpp, y: slideMpp, source: "override" };
      const named = { ...slide, path: basename(slide.path), mpp };
      const plan = planClick(named, task, { spec, anySize: segmenter.anySize }, prompt);
      const key = clickKey(plan, slide, await this.#fingerprint(slide, version), spec);
      const { scale, valid, patch } = plan;
      const read = (signal: AbortSignal) =>
        this.#library.withTiles(id, (now) => {
          // Pixels of another state of the file must not be kept under this one's name.
          if (now.version !== version) throw changed();
          return readScaled(now.slide, scale, patch.gridBox, signal);
        });
      return { plan, patch: { key, valid, read }, bounds: slide.bounds };
    });
  }

  #fingerprint(slide: Slide, version: string): Promise<string> {
    const name = `${slide.path}\n${version}`;
    const known = this.#fingerprints.get(name);
    if (known) return known;
    const made = slideFiles(slide.path)
      .then(fingerprintFiles)
      .then(({ sha256 }) => sha256);
    made.catch(() => this.#fingerprints.delete(name));
    this.#fingerprints.set(name, made);
    const oldest = this.#fingerprints.keys().next().value;
    if (this.#fingerprints.size > MOST_FINGERPRINTS && oldest) this.#fingerprints.delete(oldest);
    return made;
  }
}

/** False where newer work took the place of what was to be prepared. */
async function isPrepared(preparing: Promise<unknown>): Promise<boolean> {
  try {
    await preparing;
    return true;
  } catch (error) {
    if (error instanceof MicrotomeError && error.code === "interrupted") return false;
    throw error;
  }
}

/** Over the network a model is named, never given as a file. */
function modelName({ model }: ClickRequest): string | null {
  if (model === null || (/^[\w-][\w .-]*$/.test(model) && !model.endsWith(".json"))) return model;
  throw new HttpError(400, "usage", "model must be the name of a model that is installed.");
}

function changed(): HttpError {
  return new HttpError(
    410,
    "changed",
    "The file has changed since this page was opened; reload the page.",
  );
}
