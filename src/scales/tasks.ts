import { UnknownTaskError } from "../errors.ts";
import type { TaskName, TaskSpec } from "./scale.ts";

/** The built-in tasks: at which scale each is seen, how it is cut, and what counts as an object. */
export const TASKS: Readonly<Record<TaskName, TaskSpec>> = {
  nuclei: {
    name: "nuclei",
    title: "Cell nuclei, one polygon each",
    objectName: "Nucleus",
    mpp: 0.25,
    patchSize: 1024,
    // 32 µm: wider than a nucleus of maxAreaUm2, so that one patch of two neighbours has it whole.
    overlap: 128,
    pointsPerSide: 32,
    // 95 of 100 labelled nuclei of the training sets with µm/px are larger (5th percentile 6.2 and
    // 7.1 µm², cut ones at image borders included).
    minAreaUm2: 6,
    maxAreaUm2: 800,
    // Prompts are asked on tissue alone, and a nucleus is smaller than the cells that tissue is found by.
    minTissueShare: 0,
    seams: "own",
    objectType: "detection",
    // QuPath's own classes have no nucleus: its colour for immune cells is the nearest and shows on H&E.
    color: [0, 205, 130],
    source:
      "MoNuSeg and PanNuke, the field's nuclei data sets, are 40x, i.e. about 0.25 µm/px (Kumar et al. 2017, doi:10.1109/TMI.2017.2677499; Gamper et al. 2020, arXiv:2003.10778)",
  },
  tumor: {
    name: "tumor",
    title: "Regions at the scale of tumour nests and glands (class-agnostic)",
    objectName: "Region",
    mpp: 2,
    patchSize: 1024,
    overlap: 256,
    pointsPerSide: 32,
    // A disc of 50 µm: a small gland.
    minAreaUm2: 2_000,
    maxAreaUm2: null,
    minTissueShare: 0.5,
    seams: "join",
    objectType: "annotation",
    // QuPath's Region*.
    color: [0, 150, 255],
    source:
      "5x (2 µm/px): a 1024 px patch spans 2 mm, the architecture a pathologist judges at low power; SAM without fine-tuning does well on large connected objects such as tumour regions (Deng et al. 2023, arXiv:2304.04155)",
  },
  tissue: {
    name: "tissue",
    title: "Pieces and compartments of tissue (class-agnostic)",
    objectName: "Tissue region",
    mpp: 8,
    patchSize: 1024,
    overlap: 256,
    pointsPerSide: 32,
    // A disc of 160 µm: about 20 px across at this scale.
    minAreaUm2: 20_000,
    maxAreaUm2: null,
    minTissueShare: 0.5,
    seams: "join",
    objectType: "annotation",
    // QuPath's Stroma.
    color: [255, 170, 0],
    source:
      "8 µm/px is the scale of TIAToolbox's tissue-mask network fcn-tissue_mask (its documentation, Pretrained Neural Network Models)",
  },
};

/** A task by its name. Throws UnknownTaskError, which lists the known ones. */
export function taskNamed(name: string): TaskSpec {
  const known = Object.keys(TASKS);
  if (known.includes(name)) return TASKS[name as TaskName];
  throw new UnknownTaskError(
    `There is no task "${name}"; expected one of ${known.join(", ")} (--task NAME).`,
    { task: name, known: known.join(",") },
  );
}
