import { MicrotomeError } from "../errors.ts";
import { FIGURE_NAMES, type Figures, figuresOf, type ImageScore } from "./score.ts";
import { addTallies, type Tally } from "./tally.ts";

/** The score of one image of a data set, by name. */
export interface NamedScore extends ImageScore {
  /** As the data set's index calls it. */
  readonly image: string;
}

/** The figures of a data set: each the **mean over images**, every image weighing the same. */
export interface DatasetScore extends Figures {
  /** How many images were scored. */
  readonly images: number;
  /** The figures of all images taken as one: large and crowded images weigh more. */
  readonly pooled: Figures & { readonly tally: Tally };
  readonly perImage: readonly NamedScore[];
}

/** Averages the scores of images, and pools them. Throws MicrotomeError `usage` when there are none. */
export function scoreDataset(scores: Iterable<NamedScore>): DatasetScore {
  const perImage = [...scores];
  if (perImage.length === 0) {
    throw new MicrotomeError("usage", "No image was scored; expected at least one.");
  }
  const mean = Object.fromEntries(
    FIGURE_NAMES.map((name) => [
      name,
      perImage.reduce((sum, score) => sum + score[name], 0) / perImage.length,
    ]),
  ) as Record<keyof Figures, number>;
  const tally = addTallies(perImage.map((score) => score.tally));
  return { images: perImage.length, ...mean, pooled: { ...figuresOf(tally), tally }, perImage };
}
