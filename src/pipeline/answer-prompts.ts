import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import type { ObjectLabel } from "../export/object-label.ts";
import type { Instance } from "../merge/instance.ts";
import { promptedObjects } from "../merge/prompted-objects.ts";
import { isDoubtful } from "../segment/doubt.ts";
import type { Ledger } from "../store/ledger.ts";
import { promptsFileName } from "../store/run-folder.ts";
import type { PromptsRecord } from "../store/run-record.ts";
import type { PreparedRun } from "./describe-run.ts";
import type { PromptPlan } from "./place-prompts.ts";
import type { PromptFile, SlidePrompt } from "./read-prompts.ts";

/** What became of a prompt: the object it gave, or why it gave none. */
type Answer =
  | { readonly object: string }
  | { readonly object: string; readonly doubtful: true; readonly predictedIou: number }
  | { readonly why: string };

/** The objects of a run of given prompts, one a prompt, and what became of each prompt. */
export class PromptAnswers {
  /** By the object's id, for the export: filled as the objects go by. */
  readonly labels = new Map<string, ObjectLabel>();
  readonly #run: PreparedRun;
  readonly #given: PromptFile;
  readonly #asked: PromptPlan;
  readonly #answers = new Map<number, Answer>();

  constructor(run: PreparedRun, given: PromptFile, asked: PromptPlan) {
    this.#run = run;
    this.#given = given;
    this.#asked = asked;
    for (const { index, why } of asked.unplaced) this.#answers.set(index, { why });
  }

  /** The objects in the plan's order, each with its prompt's class. Throws MicrotomeError `corrupt-file`. */
  async *objects(ledger: Ledger): AsyncGenerator<Instance, void, void> {
    const { plan, slide, key } = this.#run;
    const mpp = slide.mpp ?? { x: plan.slideMpp, y: plan.slideMpp };
    const { gridDownsample } = plan.scale;
    const frame = { gridDownsample, mppX: mpp.x, mppY: mpp.y, idSeed: key };
    const failed = new Map((await ledger.failures()).map(({ patch, error }) => [patch, error]));
    for (const [i, patch] of plan.patches.patches.entries()) {
      const placed = this.#asked.byPatch[i]!;
      const failure = failed.get(patch.index);
      const why = failure
        ? `patch ${patch.id} failed: ${failure.message}`
        : "the model's mask is empty there";
      for (const { index } of placed) this.#answers.set(index, { why });
      const masks = await ledger.masksOf(patch.index);
      const seedOf = (prompt: number) => `prompt ${placed[prompt]!.index}`;
      for (const { prompt, instance } of promptedObjects(patch, masks, frame, seedOf)) {
        const { index } = placed[prompt]!;
        const { id, name, classification } = this.#given.prompts[index]!;
        const predictedIou = Number(instance.predictedIou.toFixed(4));
        const doubtful = isDoubtful(this.#run.model, instance.predictedIou);
        const object = instance.id;
        this.#answers.set(index, doubtful ? { object, doubtful, predictedIou } : { object });
        this.labels.set(instance.id, labelOf(id, name, doubtful));
        yield classification === null ? instance : { ...instance, classification };
      }
    }
  }

  /** For run.json, once every object has gone by. */
  record(promptFile: string): PromptsRecord {
    const told = this.#told();
    const unanswered = told.flatMap(({ prompt, answer }) =>
      "why" in answer ? [{ id: prompt.id, why: answer.why }] : [],
    );
    const doubtful = told.flatMap(({ prompt: { id }, answer }) =>
      "doubtful" in answer ? [{ id, predictedIou: answer.predictedIou }] : [],
    );
    const { leftOut, classColors } = this.#given;
    const { ignored, lines, empty } = leftOut;
    return {
      file: basename(promptFile),
      count: told.length,
      answered: told.length - unanswered.length,
      unanswered,
      doubtful,
      ...(classColors.size > 0 ? { classColors: Object.fromEntries(classColors) } : {}),
      leftOut: { ignored, lines, empty, outsideRegion: this.#asked.outsideRegion },
    };
  }

  /** The content of `<task>.prompts.json`: every prompt, and its object or why there is none. */
  text(): string {
    const lines = this.#told().map(({ prompt: { id, name, classification }, answer }) =>
      JSON.stringify({
        id,
        ...(name === null ? {} : { name }),
        ...(classification === null ? {} : { classification }),
        ...answer,
      }),
    );
    return `{"format":1,"prompts":[\n${lines.join(",\n")}\n]}\n`;
  }

  #told(): { readonly prompt: SlidePrompt; readonly answer: Answer }[] {
    return [...this.#answers]
      .sort(([a], [b]) => a - b)
      .map(([index, answer]) => ({ prompt: this.#given.prompts[index]!, answer }));
  }
}

function labelOf(promptId: string, name: string | null, doubtful: boolean): ObjectLabel {
  const metadata = { promptId, ...(doubtful ? { doubtful: "true" } : {}) };
  return { ...(name === null ? {} : { name }), metadata };
}

/** Names and prompts of a finished run's objects, by their ids. Throws MicrotomeError `corrupt-file`. */
export async function readPromptLabels(
  folder: string,
  task: string,
): Promise<ReadonlyMap<string, ObjectLabel>> {
  const path = join(folder, promptsFileName(task));
  const labels = new Map<string, ObjectLabel>();
  try {
    const { prompts } = JSON.parse(await readFile(path, "utf8")) as { prompts: unknown[] };
    for (const told of prompts) {
      const { id, name, object, doubtful } = told as Readonly<Record<string, unknown>>;
      if (typeof id !== "string" || typeof object !== "string") continue;
      labels.set(object, labelOf(id, typeof name === "string" ? name : null, doubtful === true));
    }
  } catch (error) {
    throw new MicrotomeError(
      "corrupt-file",
      `${path} cannot be read (${(error as Error).message}); expected what a run of given prompts says of each. Run it again with --overwrite.`,
      { path },
      error,
    );
  }
  return labels;
}
