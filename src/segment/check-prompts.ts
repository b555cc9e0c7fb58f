import { MicrotomeError } from "../errors.ts";
import type { PromptAbilities } from "./contracts/adapter.ts";
import type { ModelSpec } from "./model.ts";
import type { Prompt } from "./prompt.ts";

/**
 * Refuses prompts that a model cannot answer, or that ask for nothing. Throws MicrotomeError `usage` naming
 * the model, its contract, the first such prompt (its position, or what `nameOf` calls it), what was found in
 * it and what the model takes.
 */
export function requireAnswerable(
  model: Pick<ModelSpec, "name" | "contract">,
  takes: PromptAbilities,
  prompts: readonly Prompt[],
  nameOf: (index: number) => string = String,
): void {
  for (const [index, prompt] of prompts.entries()) {
    const fault = emptiness(prompt) ?? excess(prompt, takes);
    if (fault === null) continue;
    throw new MicrotomeError(
      "usage",
      `model "${model.name}" (contract ${model.contract}) cannot answer prompt ${nameOf(index)}: found ${fault}; it takes ${describeAbilities(takes)}. Prompt with those, or use another model`,
      { model: model.name, contract: model.contract, prompt: nameOf(index) },
    );
  }
}

/** What is wrong with a prompt whatever the model. */
function emptiness({ points, box, mask }: Prompt): string | null {
  const numbers = [
    ...points.flatMap(({ x, y }) => [x, y]),
    ...(box ? [box.x, box.y, box.width, box.height] : []),
  ];
  if (!numbers.every(Number.isFinite)) return "a position that is no finite number";
  if (box !== undefined && !(box.width > 0 && box.height > 0)) return "a box without area";
  if (mask !== undefined && mask.data.length !== mask.columns * mask.rows) {
    return `a mask of ${mask.data.length} logits for ${mask.columns} × ${mask.rows} cells`;
  }
  if (box === undefined && !points.some(({ label }) => label === 1)) {
    return "neither a point on the object nor a box";
  }
  return null;
}

/** What of a prompt the model cannot take. */
function excess({ points, box, mask }: Prompt, takes: PromptAbilities): string | null {
  if (box !== undefined && !takes.boxes) return "a box";
  if (box !== undefined && points.length > 0 && !takes.boxWithPoints) return "a box with points";
  if (!takes.negativePoints && points.some(({ label }) => label === 0)) {
    return "a point beside the object (label 0)";
  }
  const count = points.length + (box !== undefined && points.length > 0 ? 2 : 0);
  if (count > takes.mostPoints) {
    return `${points.length} points${box === undefined ? "" : " and a box, which counts as two"}`;
  }
  if (mask === undefined) return null;
  if (takes.mask === null) return "an earlier mask";
  const { columns, rows } = takes.mask;
  if (mask.columns === columns && mask.rows === rows) return null;
  return `an earlier mask of ${mask.columns} × ${mask.rows} cells instead of ${columns} × ${rows}`;
}

/** What a model takes, in words. */
function describeAbilities(takes: PromptAbilities): string {
  const points =
    takes.mostPoints === 1
      ? "one point"
      : takes.mostPoints === Number.POSITIVE_INFINITY
        ? "points"
        : `up to ${takes.mostPoints} points`;
  const labels = takes.negativePoints ? " on the object or beside it" : " on the object";
  const box = takes.boxes ? (takes.boxWithPoints ? ", a box, or both" : ", or a box") : "";
  const mask = takes.mask === null ? "" : ", with or without an earlier mask";
  return `${points}${labels}${box}${mask}`;
}
