import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Box } from "../../src/geometry.ts";
import { selectScale } from "../../src/scales/select-scale.ts";
import { TASKS } from "../../src/scales/tasks.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { DATA } from "../../tests/shared-data.ts";
import type { Bench } from "../harness/benches.ts";
import { describeMachine } from "../harness/machine.ts";
import { type ReportTable, writeReport } from "../harness/report.ts";
import { type Compared, type Comparison, comparePlans } from "./compare-plans.ts";
import { type Cut, type SegmentedPlan, segmentPlan } from "./segmented-plan.ts";

const USAGE = `    --slide PATH     to segment (the CMU-1-Small-Region of the data folder)
    --region X,Y,W,H level-0 px (600,1100,900,900)
    --model NAME     of nuclei (microtome-nuclei)`;

/** The same region of a real slide, segmented by the real model with its seams elsewhere. */
export const seamsBench: Bench = {
  name: "seams",
  summary: "one region cut into other patches: which objects stay the same, near seams and away",
  usage: USAGE,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        slide: {
          type: "string",
          default: join(DATA, "slides/aperio-svs-jpeg/CMU-1-Small-Region.svs"),
        },
        region: { type: "string", default: "600,1100,900,900" },
        model: { type: "string", default: "microtome-nuclei" },
      },
    });
    const machine = describeMachine();
    const slide = await openSlide(values.slide);
    const [x = 0, y = 0, width = 0, height = 0] = values.region.split(",").map(Number);
    const plans: SegmentedPlan[] = [];
    try {
      const { gridDownsample } = selectScale(slide, TASKS.nuclei.mpp);
      for (const cut of cutsOf({ x, y, width, height }, gridDownsample)) {
        process.stderr.write(`${cut.name} …\n`);
        plans.push(await segmentPlan(slide, values.model, cut));
      }
    } finally {
      await slide.close();
    }
    const [first, ...others] = plans;
    const comparisons = others.map((other) => comparePlans(first!, other));
    const { markdown, paths } = await writeReport({
      name: "seams",
      title: "The same region with its seams elsewhere",
      machine,
      results: {
        region: values.region,
        model: values.model,
        plans: plans.map(({ cut, stats, patches }) => ({ cut, patches: patches.length, stats })),
        comparisons: comparisons.map(({ second, nearSeams, away }) => ({
          with: second.cut.name,
          nearSeams,
          away,
        })),
      },
      tables: [plansTable(plans), ...comparisons.map(comparisonTable)],
      notes: [
        "Same: IoU ≥ 0.95 on the grid, one-to-one. Counted are objects at least 64 grid px inside both regions.",
        "Near seams: the object's box meets a place that several patches of either plan cover. Away: one patch alone sees it in each plan, so that nothing is merged and what differs is the model.",
        "Found alike: every patch of either plan that sees the object whole reports it, all these masks have IoU ≥ 0.95 with one another, and no mask of another object lies over it; all before any merging.",
      ],
    });
    process.stdout.write(`${markdown}\n`);
    process.stderr.write(`${paths.join("\n")}\n`);
  },
};

/** `gridDownsample` is in level-0 px per grid px: shifts are whole grid pixels. */
function cutsOf(region: Box, gridDownsample: number): Cut[] {
  const from = (right: number, down: number): Box => {
    const x = (Math.floor(region.x / gridDownsample) + right + 0.5) * gridDownsample;
    const y = (Math.floor(region.y / gridDownsample) + down + 0.5) * gridDownsample;
    return { x, y, width: region.x + region.width - x, height: region.y + region.height - y };
  };
  const usual = { patchSize: 1024, overlap: 128 };
  return [
    { name: "1024 px, overlap 128", ...usual, region },
    // The embedded model's stride is 32 px.
    { name: "the same, shifted by 224 and 320 px", ...usual, region: from(224, 320) },
    { name: "the same, shifted by 225 and 321 px", ...usual, region: from(225, 321) },
    { name: "1024 px, overlap 256", patchSize: 1024, overlap: 256, region },
    { name: "768 px, overlap 96", patchSize: 768, overlap: 96, region },
  ];
}

function plansTable(plans: readonly SegmentedPlan[]): ReportTable {
  return {
    caption: "What merging did",
    columns: [
      "plan",
      "patches",
      "masks",
      "objects",
      "at seams",
      "pairs matched",
      "mean IoU of pairs",
      "joined",
      "cuts dropped",
    ],
    rows: plans.map(({ cut, patches, stats }) => [
      cut.name,
      String(patches.length),
      String(stats.masks),
      String(stats.objects),
      String(stats.seamObjects),
      String(stats.matchedPairs),
      stats.meanOverlapIou.toFixed(3),
      String(stats.joinedObjects),
      String(stats.droppedCuts),
    ]),
  };
}

function comparisonTable({ first, second, nearSeams, away }: Comparison): ReportTable {
  const row = (name: string, { objects, matched, alike, alikeMatched }: Compared) => [
    name,
    String(objects),
    share(matched, objects),
    String(alike),
    share(alikeMatched, alike),
  ];
  return {
    caption: `${first.cut.name}, against ${second.cut.name}`,
    columns: ["place", "objects", "the same", "found alike by the model", "of those the same"],
    rows: [row("near seams", nearSeams), row("away", away)],
  };
}

function share(part: number, all: number): string {
  return all === 0 ? "–" : `${part} (${((100 * part) / all).toFixed(1)} %)`;
}
