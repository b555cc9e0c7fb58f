import { MicrotomeError, PatchFailedError } from "../errors.ts";
import { type Box, intersectBoxes, type Point } from "../geometry.ts";
import type { Candidate } from "./candidate.ts";
import type { DecodedBatch, EncodedImage, PromptBatch, SamAdapter } from "./contracts/adapter.ts";
import { type CutMask, type LogitGrid, MaskCutter } from "./cut-mask.ts";
import { meanHematoxylinOd } from "./hematoxylin.ts";
import type { PatchMask } from "./mask.ts";
import { gridPoints, objectnessPeaks, type PromptRegion } from "./prompts.ts";
import type { SegmentJob, SegmentResult, SegmentSettings } from "./protocol.ts";
import { cleanEach, separate } from "./separate.ts";
import { suppress } from "./suppress.ts";

/** What a patch gives when nothing fails. */
export type PatchOutcome = Extract<SegmentResult, { readonly ok: true }>;

/** Which of a prompt's masks are looked at, and what each must pass. */
interface MaskFilter {
  /** Only the mask with the best predicted IoU of each prompt. */
  readonly bestOnly: boolean;
  /** Masks must be strictly above. */
  readonly predictedIou: number;
  /** Masks must reach it. */
  readonly stability: number;
  /** Logit at which a mask is cut. */
  readonly maskThreshold: number;
}

/** A mask and the index of the prompt that made it. */
interface Answer extends CutMask {
  readonly prompt: number;
  readonly predictedIou: number;
}

/** Segments patches with one model: encode, prompt, decode, filter; everything but the worker. */
export class PatchSegmenter {
  readonly #adapter: SamAdapter;
  readonly #settings: SegmentSettings;
  #cutter: { readonly grid: LogitGrid; readonly cutter: MaskCutter } | null = null;

  constructor(adapter: SamAdapter, settings: SegmentSettings) {
    this.#adapter = adapter;
    this.#settings = settings;
  }

  /**
   * Segments one patch. Throws PatchFailedError for pixels that do not match their size, and
   * MicrotomeError `usage` for prompts that the model or the settings cannot serve.
   */
  async segment(job: SegmentJob): Promise<PatchOutcome> {
    checkJob(job);
    const run = new PatchRun(this.#adapter, this.#settings, job, (grid) => this.#cutterOf(grid));
    return await run.outcome();
  }

  #cutterOf(grid: LogitGrid): MaskCutter {
    const known = this.#cutter;
    if (
      known !== null &&
      known.grid.columns === grid.columns &&
      known.grid.rows === grid.rows &&
      known.grid.cellPx === grid.cellPx
    ) {
      return known.cutter;
    }
    this.#cutter = { grid, cutter: new MaskCutter(grid) };
    return this.#cutter.cutter;
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
function maskableBox(job: SegmentJob): Box | null {
  const { valid, image } = job;
  const x = Math.ceil(valid.x);
  const y = Math.ceil(valid.y);
  const box = {
    x,
    y,
    width: Math.floor(valid.x + valid.width) - x,
    height: Math.floor(valid.y + valid.height) - y,
  };
  return intersectBoxes(box, { x: 0, y: 0, width: image.width, height: image.height });
}

/** One patch on its way through: holds what the steps share. */
class PatchRun {
  readonly #adapter: SamAdapter;
  readonly #settings: SegmentSettings;
  readonly #job: SegmentJob;
  readonly #cutterOf: (grid: LogitGrid) => MaskCutter;
  readonly #region: PromptRegion;
  readonly #ms = { encode: 0, decode: 0, post: 0 };
  #prompts = 0;

  constructor(
    adapter: SamAdapter,
    settings: SegmentSettings,
    job: SegmentJob,
    cutterOf: (grid: LogitGrid) => MaskCutter,
  ) {
    this.#adapter = adapter;
    this.#settings = settings;
    this.#job = job;
    this.#cutterOf = cutterOf;
    this.#region = { patch: job.image, allow: job.allow, valid: job.valid };
  }

  async outcome(): Promise<PatchOutcome> {
    const clip = maskableBox(this.#job);
    const nothingAllowed = this.#job.allow?.data.every((cell) => cell !== 1) ?? false;
    const isGiven = this.#job.prompts.kind === "given";
    if (clip === null || (nothingAllowed && !isGiven)) return this.#answer([]);

    this.#checkMode();
    const start = performance.now();
    const encoded = await this.#adapter.encode(this.#job.image);
    this.#ms.encode = performance.now() - start;

    const masks = await this.#masks(encoded, clip);
    return this.#timed(() => this.#answer(masks));
  }

  /** Refuses, before the costly encoder, a mode that the model or the settings cannot serve. */
  #checkMode(): void {
    const { prompts } = this.#job;
    const { model, auto } = this.#settings;
    if (prompts.kind === "auto" && !(this.#adapter.hasObjectness && auto !== null)) {
      const lack = this.#adapter.hasObjectness ? '"auto" settings' : "objectness output";
      throw new MicrotomeError(
        "usage",
        `model "${model.name}" has no ${lack}, which automatic prompts need; use grid prompts (--prompts grid)`,
        { model: model.name },
      );
    }
    if (prompts.kind === "given" && prompts.boxes.length > 0 && !this.#adapter.takesBoxes) {
      throw new MicrotomeError(
        "usage",
        `model "${model.name}" (contract ${model.contract}) takes points only, found ${prompts.boxes.length} boxes; prompt with points or use another model`,
        { model: model.name, boxes: prompts.boxes.length },
      );
    }
  }

  async #masks(encoded: EncodedImage, clip: Box): Promise<Candidate[]> {
    switch (this.#job.prompts.kind) {
      case "auto":
        return await this.#auto(encoded, clip);
      case "grid":
        return await this.#grid(encoded, clip);
      case "given":
        return await this.#given(encoded, clip, this.#job.prompts);
    }
  }

  /** Peaks of objectness as prompts, one mask a peak, disjoint in the end. */
  async #auto(encoded: EncodedImage, clip: Box): Promise<Candidate[]> {
    const auto = this.#settings.auto!;
    const peaks = this.#timed(() =>
      objectnessPeaks(
        encoded.objectness!,
        auto.objectnessThreshold,
        auto.peakRadiusPx,
        this.#region,
      ),
    );
    this.#prompts = peaks.length;
    const anything: MaskFilter = {
      bestOnly: true,
      predictedIou: Number.NEGATIVE_INFINITY,
      stability: 0,
      maskThreshold: auto.maskThreshold,
    };
    const final = { ...anything, predictedIou: auto.predictedIouThreshold };

    let points = peaks;
    let prompts = pointBatch(peaks);
    if (auto.refinePasses === 1) {
      const first = await this.#decode(encoded, prompts, clip, anything);
      points = first.map((answer) => peaks[answer.prompt]!);
      prompts = boxBatch(first.map((answer) => answer.box));
    }
    const answers = await this.#decode(encoded, prompts, clip, final);
    return this.#timed(() => {
      const least = auto.minAreaUm2;
      const fits = (area: number) => this.#isWantedArea(area, least);
      const sized = this.#candidates(answers, points).filter((c) => fits(c.area));
      return separate(suppress(sized, auto.nmsIou, "mask"), this.#job.image, fits);
    });
  }

  /** SAM's automatic mask generation, one crop: masks may nest and overlap. */
  async #grid(encoded: EncodedImage, clip: Box): Promise<Candidate[]> {
    const grid = this.#settings.grid;
    const points = gridPoints(grid.pointsPerSide, this.#region);
    this.#prompts = points.length;
    const answers = await this.#decode(encoded, pointBatch(points), clip, {
      bestOnly: false,
      predictedIou: grid.predictedIouThreshold,
      stability: grid.stabilityScoreThreshold,
      maskThreshold: grid.maskThreshold,
    });
    return this.#timed(() => {
      const kept = suppress(this.#candidates(answers, points), grid.nmsIou, grid.nmsKind ?? "box");
      return cleanEach(kept).filter((c) => this.#isWantedArea(c.area, 0));
    });
  }

  /** Someone's own prompts: the best mask of each, in their order, unfiltered. */
  async #given(
    encoded: EncodedImage,
    clip: Box,
    given: { readonly points: readonly Point[]; readonly boxes: readonly Box[] },
  ): Promise<Candidate[]> {
    const filter: MaskFilter = {
      bestOnly: true,
      predictedIou: Number.NEGATIVE_INFINITY,
      stability: 0,
      maskThreshold: (this.#settings.auto ?? this.#settings.grid).maskThreshold,
    };
    const centres = given.boxes.map((b) => ({ x: b.x + b.width / 2, y: b.y + b.height / 2 }));
    this.#prompts = given.points.length + given.boxes.length;
    const atPoints = await this.#decode(encoded, pointBatch(given.points), clip, filter);
    const inBoxes = await this.#decode(encoded, boxBatch(given.boxes), clip, filter);
    return this.#timed(() =>
      cleanEach([
        ...this.#candidates(atPoints, given.points),
        ...this.#candidates(inBoxes, centres),
      ]),
    );
  }

  #candidates(answers: readonly Answer[], points: readonly Point[]): Candidate[] {
    return answers.map(({ prompt, ...mask }) => ({ ...mask, point: points[prompt]! }));
  }

  #isWantedArea(areaPx: number, leastUm2: number): boolean {
    const { mpp, minAreaUm2, maxAreaUm2 } = this.#settings;
    const um2 = areaPx * mpp * mpp;
    return um2 >= Math.max(minAreaUm2, leastUm2) && (maxAreaUm2 === null || um2 <= maxAreaUm2);
  }

  /** Decodes all prompts, batch after batch; each mask is filtered and made an RLE inside its batch. */
  async #decode(
    encoded: EncodedImage,
    prompts: PromptBatch,
    clip: Box,
    filter: MaskFilter,
  ): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (const { from, batch } of batches(prompts, this.#adapter.batchSize)) {
      const start = performance.now();
      const decoded = await encoded.decode(batch);
      this.#ms.decode += performance.now() - start;
      this.#timed(() => this.#collect(decoded, from, clip, filter, answers));
    }
    return answers;
  }

  #collect(
    decoded: DecodedBatch,
    from: number,
    clip: Box,
    filter: MaskFilter,
    answers: Answer[],
  ): void {
    const cutter = this.#cutterOf(decoded.grid);
    const offset = this.#settings.grid.stabilityScoreOffset;
    for (let p = 0; p < decoded.prompts; p++) {
      const best = filter.bestOnly ? bestMask(decoded, p) : -1;
      for (let m = 0; m < decoded.masksPerPrompt; m++) {
        if (filter.bestOnly && m !== best) continue;
        const predictedIou = decoded.predictedIou(p, m);
        // Written so that NaN fails too.
        if (!(predictedIou > filter.predictedIou)) continue;
        const { x, y } = decoded.origin(p);
        const cut = cutter.cut(decoded.logits(p, m), x, y, clip, filter.maskThreshold, offset);
        if (cut === null || cut.stabilityScore < filter.stability) continue;
        answers.push({ ...cut, predictedIou, prompt: from + p });
      }
    }
  }

  #answer(candidates: readonly Candidate[]): PatchOutcome {
    const masks = candidates.map(
      (c): PatchMask => ({ ...c, hematoxylinOd: meanHematoxylinOd(this.#job.image, c) }),
    );
    return { ok: true, masks, prompts: this.#prompts, ms: this.#ms };
  }

  #timed<T>(work: () => T): T {
    const start = performance.now();
    const result = work();
    this.#ms.post += performance.now() - start;
    return result;
  }
}

function bestMask(decoded: DecodedBatch, prompt: number): number {
  let best = 0;
  for (let m = 1; m < decoded.masksPerPrompt; m++) {
    if (decoded.predictedIou(prompt, m) > decoded.predictedIou(prompt, best)) best = m;
  }
  return best;
}

function pointBatch(points: readonly Point[]): PromptBatch {
  return { kind: "points", xy: Float32Array.from(points.flatMap(({ x, y }) => [x, y])) };
}

function boxBatch(boxes: readonly Box[]): PromptBatch {
  const xyxy = boxes.flatMap(({ x, y, width, height }) => [x, y, x + width, y + height]);
  return { kind: "boxes", xyxy: Float32Array.from(xyxy) };
}

function* batches(
  prompts: PromptBatch,
  size: number,
): Generator<{ readonly from: number; readonly batch: PromptBatch }> {
  const total = prompts.kind === "points" ? prompts.xy.length / 2 : prompts.xyxy.length / 4;
  for (let from = 0; from < total; from += size) {
    const to = Math.min(from + size, total);
    // Copies, not views: ONNX Runtime reads a tensor from its buffer.
    const batch: PromptBatch =
      prompts.kind === "points"
        ? { kind: "points", xy: prompts.xy.slice(from * 2, to * 2) }
        : { kind: "boxes", xyxy: prompts.xyxy.slice(from * 4, to * 4) };
    yield { from, batch };
  }
}
