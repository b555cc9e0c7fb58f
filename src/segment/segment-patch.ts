import { MicrotomeError, PatchFailedError } from "../errors.ts";
import { type Box, intersectBoxes, type Point } from "../geometry.ts";
import type { RgbImage } from "../tiler/slide.ts";
import type { Candidate } from "./candidate.ts";
import { requireAnswerable } from "./check-prompts.ts";
import type { SamAdapter } from "./contracts/adapter.ts";
import type { Embedding } from "./contracts/embedding.ts";
import { type LogitGrid, MaskCutter } from "./cut-mask.ts";
import {
  type Answer,
  type DecodeContext,
  decodePrompts,
  type MaskFilter,
  withPoints,
} from "./decode-prompts.ts";
import { generateMasks } from "./generate-masks.ts";
import { meanHematoxylinOd } from "./hematoxylin.ts";
import { hematoxylinBlobs } from "./hematoxylin-blobs.ts";
import type { PatchMask } from "./mask.ts";
import type { AutoSettings } from "./model.ts";
import { type StainNormaliser, stainNormaliser } from "./normalise-stain.ts";
import { promptPosition } from "./prompt.ts";
import { boxBatch, groupPrompts, pointBatch } from "./prompt-batch.ts";
import { mapPeaks, type PromptRegion } from "./prompts.ts";
import type { GivenPrompts, SegmentJob, SegmentResult, SegmentSettings } from "./protocol.ts";
import { unclaimed } from "./second-look.ts";
import { cleanEach, separate } from "./separate.ts";
import { slidePart } from "./slide-part.ts";

/** What a patch gives when nothing fails. */
export type PatchOutcome = Extract<SegmentResult, { readonly ok: true }>;

/** Candidates that passed everything, and how many prompts were asked. */
interface Found {
  readonly candidates: readonly Candidate[];
  readonly prompts: number;
}

/** Segments patches with one model: encode, prompt, decode, filter; everything but the worker. */
export class PatchSegmenter {
  readonly #adapter: SamAdapter;
  readonly #settings: SegmentSettings;
  readonly #normalise: StainNormaliser | null;
  /** The tables of the last grid seen: all patches of a run share one. */
  #cutter: { readonly grid: LogitGrid; readonly cutter: MaskCutter } | null = null;

  constructor(adapter: SamAdapter, settings: SegmentSettings) {
    this.#adapter = adapter;
    this.#settings = settings;
    this.#normalise = settings.stain && stainNormaliser(settings.stain);
  }

  /**
   * Segments one patch; with `kept`, its own from {@link PatchSegmenter.embed}, without encoding it again.
   * Throws PatchFailedError for pixels that do not match their size, and
   * MicrotomeError `usage` for prompts that the model or the settings cannot serve.
   */
  async segment(job: SegmentJob, kept: Embedding | null = null): Promise<PatchOutcome> {
    checkJob(job);
    const ms = { encode: 0, decode: 0, post: 0 };
    const clip = maskableBox(job);
    const nothingAllowed = job.allow?.data.every((cell) => cell !== 1) ?? false;
    if (clip === null || (nothingAllowed && job.prompts.kind !== "given")) {
      return { ok: true, masks: [], prompts: 0, ms };
    }
    this.#checkMode(job);

    const start = performance.now();
    const encoded = this.#adapter.open(kept ?? (await this.#embed(this.#seen(job.image, clip))));
    ms.encode = performance.now() - start;

    const { candidates, prompts } = await this.#find(job, {
      encoded,
      batchSize: this.#adapter.batchSize,
      clip,
      stabilityOffset: this.#settings.grid.stabilityScoreOffset,
      cutterFor: (grid) => this.#cutterFor(grid),
      ms,
    });
    const masks = timed(ms, () =>
      candidates.map(
        (mask): PatchMask => ({ ...mask, hematoxylinOd: meanHematoxylinOd(job.image, mask) }),
      ),
    );
    return { ok: true, masks, prompts, ms };
  }

  /** What the encoder makes of a patch: to be kept, and prompted later by `segment`. */
  async embed(image: RgbImage, valid: Box): Promise<Embedding> {
    const clip = maskableBox({ image, valid });
    return await this.#embed(clip === null ? image : this.#seen(image, clip));
  }

  #seen(image: RgbImage, clip: Box): RgbImage {
    return this.#adapter.anySize ? slidePart(image, clip) : image;
  }

  /** Measurements are taken from the slide's own pixels: only the model sees the common look. */
  async #embed(image: RgbImage): Promise<Embedding> {
    return await this.#adapter.embed(this.#normalise ? this.#normalise(image) : image);
  }

  /** Refuses, before the costly encoder, a mode that the model or the settings cannot serve. */
  #checkMode({ prompts }: SegmentJob): void {
    const { model, auto } = this.#settings;
    const canFind = this.#adapter.hasObjectness || auto?.from === "hematoxylin";
    if (prompts.kind === "auto" && !(canFind && auto !== null)) {
      const lack = this.#adapter.hasObjectness ? '"auto" settings' : '"objectness" output';
      throw new MicrotomeError(
        "usage",
        `model "${model.name}" has no ${lack}, which automatic prompts need; use grid prompts (--prompts grid)`,
        { model: model.name },
      );
    }
    if (prompts.kind === "given") requireAnswerable(model, this.#adapter.takes, prompts.prompts);
  }

  async #find(job: SegmentJob, context: DecodeContext): Promise<Found> {
    const { prompts } = job;
    switch (prompts.kind) {
      case "auto":
        // #checkMode has seen that both are there.
        return await this.#auto(job, context, this.#settings.auto!);
      case "grid":
        return await this.#grid(job, context);
      case "given":
        return await this.#given(context, prompts);
    }
  }

  /** Peaks of objectness, or of hematoxylin, as prompts, then what no mask of theirs claims; disjoint in the end. */
  async #auto(job: SegmentJob, context: DecodeContext, auto: AutoSettings): Promise<Found> {
    const { encoded } = context;
    const peaks = timed(context.ms, () => {
      const { mpp, stain } = this.#settings;
      // #checkMode has seen that the one or the other is there.
      const map =
        auto.from === "hematoxylin" ? hematoxylinBlobs(job.image, mpp, stain) : encoded.objectness!;
      return mapPeaks(map, auto.objectnessThreshold, auto.peakRadiusPx, regionOf(job));
    });
    const first = await this.#answered(peaks, context, auto);
    const further = timed(context.ms, () => {
      const threshold = auto.secondLookForeground;
      if (threshold === undefined || encoded.foreground === undefined) return [];
      const left = unclaimed(encoded.foreground, first, threshold, context.clip);
      return mapPeaks(left, threshold, auto.peakRadiusPx, regionOf(job));
    });
    const second = await this.#answered(further, context, auto);
    // What the task's limits leave out has claimed its cells all the same: asking there again would find it again.
    const wanted = (mask: Candidate) => this.#isWantedArea(mask.area, auto.minAreaUm2);
    const candidates = timed(context.ms, () =>
      separate(first.filter(wanted), job.image, auto.nmsIou, second.filter(wanted)).filter(wanted),
    );
    return { candidates, prompts: peaks.length + further.length };
  }

  /** The answers to points of the automatic mode that pass its own thresholds; they may overlap. */
  async #answered(
    points: readonly Point[],
    context: DecodeContext,
    auto: AutoSettings,
  ): Promise<readonly Candidate[]> {
    // SAM's best mask may be a whole cluster: all are asked for, and the limits of area choose.
    const anything = {
      ...unfiltered(auto.maskThreshold),
      bestOnly: auto.from !== "hematoxylin",
    };
    let asked = points;
    let prompts = pointBatch(points);
    if (auto.refinePasses === 1) {
      const first = await decodePrompts(context, prompts, anything);
      asked = first.map((answer) => points[answer.prompt]!);
      prompts = boxBatch(first.map((answer) => answer.box));
    }
    const answers = await decodePrompts(context, prompts, {
      ...anything,
      predictedIou: auto.predictedIouThreshold,
      stability: auto.stabilityScoreThreshold ?? 0,
      // Of hundreds of masks some may be as large as the patch; those are dropped, and must not hold their logits till then.
      keepsField: ({ area }) => this.#isWantedArea(area, auto.minAreaUm2),
    });
    const leastPx = auto.minAreaUm2 / this.#settings.mpp ** 2;
    return withPoints(answers, asked).filter(({ area }) => area >= leastPx);
  }

  /** SAM's automatic mask generation: masks may nest and overlap; each is made one piece in the end. */
  async #grid(job: SegmentJob, context: DecodeContext): Promise<Found> {
    const { masks, prompts } = await generateMasks(
      {
        image: job.image,
        region: regionOf(job),
        encode: async (image) => this.#adapter.open(await this.#embed(image)),
      },
      context,
      this.#settings.grid,
    );
    const candidates = timed(context.ms, () =>
      cleanEach(masks).filter((c) => this.#isWantedArea(c.area, 0)),
    );
    return { candidates, prompts };
  }

  /** Someone's own prompts: the best mask of each, or all of them, in the prompts' order, unfiltered. */
  async #given(context: DecodeContext, given: GivenPrompts): Promise<Found> {
    const { prompts, masks = "best", logits = false } = given;
    const filter: MaskFilter = {
      ...unfiltered((this.#settings.auto ?? this.#settings.grid).maskThreshold),
      bestOnly: masks === "best",
      keepLogits: logits && this.#adapter.takes.mask !== null,
    };
    const answers: Answer[] = [];
    for (const { batch, indices } of groupPrompts(prompts, masks === "all")) {
      for (const answer of await decodePrompts(context, batch, filter)) {
        answers.push({ ...answer, prompt: indices[answer.prompt]! });
      }
    }
    const candidates = timed(context.ms, () => {
      // `prompt` stays: an empty mask is left out, and the asker must know whose is whose.
      const inOrder = answers.sort((a, b) => a.prompt - b.prompt);
      return cleanEach(
        inOrder.map((answer) => ({ ...answer, point: promptPosition(prompts[answer.prompt]!) })),
      );
    });
    return { candidates, prompts: prompts.length };
  }

  #isWantedArea(areaPx: number, leastUm2: number): boolean {
    const { mpp, minAreaUm2, maxAreaUm2 } = this.#settings;
    const um2 = areaPx * mpp * mpp;
    return um2 >= Math.max(minAreaUm2, leastUm2) && (maxAreaUm2 === null || um2 <= maxAreaUm2);
  }

  #cutterFor(grid: LogitGrid): MaskCutter {
    const known = this.#cutter;
    if (
      known !== null &&
      known.grid.columns === grid.columns &&
      known.grid.rows === grid.rows &&
      known.grid.cellPx === grid.cellPx
    ) {
      return known.cutter;
    }
    const cutter = new MaskCutter(grid);
    this.#cutter = { grid, cutter };
    return cutter;
  }
}

function checkJob(job: SegmentJob): void {
  const { data, width, height } = job.image;
  if (data.length !== width * height * 3 || data.length === 0) {
    throw new PatchFailedError(
      `patch ${job.patchId}: found ${data.length} bytes of pixels, expected ${width} × ${height} × 3`,
      { patch: job.patchId, found: data.length, expected: width * height * 3 },
    );
  }
  if (job.allow !== null && job.allow.data.length !== job.allow.cells ** 2) {
    throw new PatchFailedError(
      `patch ${job.patchId}: found ${job.allow.data.length} prompt cells, expected ${job.allow.cells} × ${job.allow.cells}`,
      { patch: job.patchId, found: job.allow.data.length, expected: job.allow.cells ** 2 },
    );
  }
}

/** The whole pixels of the patch that may be masked, or null for none. */
function maskableBox({ valid, image }: Pick<SegmentJob, "valid" | "image">): Box | null {
  const x = Math.ceil(valid.x);
  const y = Math.ceil(valid.y);
  const width = Math.floor(valid.x + valid.width) - x;
  const height = Math.floor(valid.y + valid.height) - y;
  return intersectBoxes(
    { x, y, width, height },
    { x: 0, y: 0, width: image.width, height: image.height },
  );
}

function regionOf(job: SegmentJob): PromptRegion {
  return { patch: job.image, allow: job.allow, valid: job.valid };
}

/** The best mask of each prompt, whatever it is worth. */
function unfiltered(maskThreshold: number): MaskFilter {
  return { bestOnly: true, predictedIou: Number.NEGATIVE_INFINITY, stability: 0, maskThreshold };
}

function timed<T>(ms: { post: number }, work: () => T): T {
  const start = performance.now();
  const result = work();
  ms.post += performance.now() - start;
  return result;
}
