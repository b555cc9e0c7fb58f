import { objectiveFromMpp } from "../scales/select-scale.ts";
import { type IccFacts, readIccFacts } from "../tiler/color/icc-profile.ts";
import { estimateStain } from "../tiler/estimate-stain.ts";
import { openSlide } from "../tiler/open-slide.ts";
import type { Slide } from "../tiler/slide.ts";
import { areaMm2, detectTissue, type FoundTissue } from "../tiler/tissue.ts";
import { Arguments, type Command } from "./command.ts";
import {
  BACKEND_HELP,
  BACKEND_OPTION,
  backendOption,
  CHANNEL_HELP,
  CHANNEL_OPTION,
  channelOption,
} from "./slide-options.ts";

export const infoCommand: Command = {
  name: "info",
  summary: "what a slide is: size, levels, µm/px and where it comes from",
  usage: `<slide> [--json] [--mpp N] [--channel C] [--backend B]

  --json                    one JSON object on stdout
  --mpp N                   µm per level-0 px, where the file does not say or is wrong
${CHANNEL_HELP}
${BACKEND_HELP}`,
  async run(args, terminal) {
    const options = {
      ...BACKEND_OPTION,
      ...CHANNEL_OPTION,
      json: { type: "boolean" },
      mpp: { type: "string" },
    } as const;
    const parsed = Arguments.parse("info", args, options, [1, 1]);
    const mpp = parsed.number("mpp", 0.01, 100);
    const slide = await openSlide(parsed.positionals[0]!, {
      ...(mpp === undefined ? {} : { mpp }),
      ...backendOption(parsed),
      ...channelOption(parsed),
    });
    try {
      const facts = await describeSlide(slide);
      terminal.stdout.write(
        parsed.boolean("json") ? `${JSON.stringify(facts)}\n` : `${formatFacts(facts)}\n`,
      );
      return 0;
    } finally {
      await slide.close();
    }
  },
};

type SlideFacts = Awaited<ReturnType<typeof describeSlide>>;

async function describeSlide(slide: Slide) {
  const tissue = await detectTissue(slide);
  const meanMpp = slide.mpp ? (slide.mpp.x + slide.mpp.y) / 2 : null;
  return {
    path: slide.path,
    vendor: slide.vendor,
    backend: slide.backend,
    width: slide.size.width,
    height: slide.size.height,
    mpp: slide.mpp,
    objectivePower: slide.objectivePower,
    levels: slide.levels,
    bounds: slide.bounds,
    iccProfile: slide.iccProfile && {
      bytes: slide.iccProfile.length,
      ...readIccFacts(slide.iccProfile),
    },
    channels: slide.channels,
    associated: slide.associated,
    stain: await describeStain(slide, tissue),
    tissue: {
      fraction: Number((tissue.areaPx / (slide.size.width * slide.size.height)).toFixed(4)),
      areaMm2: meanMpp ? Number(areaMm2(tissue.areaPx, meanMpp).toFixed(4)) : null,
    },
  };
}

/** Light through bare glass, and the stains as Macenko's method finds them; both null where they cannot be told. */
async function describeStain(slide: Slide, tissue: FoundTissue) {
  if (slide.channels !== null) {
    const unknown = "the slide has channels, not stains that let light through";
    return { glass: null, hematoxylin: null, eosin: null, unknown };
  }
  const estimate = await estimateStain(slide, tissue, "macenko");
  const glass = tissue.glass?.map((value) => Number(value.toFixed(1))) ?? null;
  if (typeof estimate === "string" || estimate.method !== "macenko") {
    return { glass, hematoxylin: null, eosin: null, unknown: String(estimate) };
  }
  const { hematoxylin, eosin, most, pixels } = estimate;
  return { glass, hematoxylin, eosin, most, pixels };
}

function formatStain(stain: SlideFacts["stain"]): string[] {
  const vector = (values: readonly number[]) => values.map((v) => v.toFixed(3)).join(" ");
  const glass = stain.glass?.map((value) => value.toFixed(0)).join(" ") ?? "none to be seen";
  return [
    `  glass       ${glass}${stain.glass ? " (RGB, 0–255)" : ""}`,
    stain.hematoxylin === null
      ? `  stains      unknown: ${stain.unknown}`
      : `  stains      hematoxylin ${vector(stain.hematoxylin)}, eosin ${vector(stain.eosin)} (optical density R G B, if it is H&E)`,
  ];
}

function formatFacts(facts: SlideFacts): string {
  const mpp = facts.mpp
    ? `${facts.mpp.x.toFixed(4)} × ${facts.mpp.y.toFixed(4)} (from ${facts.mpp.source})`
    : "not in the file: give it with --mpp";
  const lines = [
    `${facts.path}`,
    `  vendor      ${facts.vendor}${facts.backend === "native" ? "" : `, read by ${facts.backend}`}`,
    `  size        ${facts.width} × ${facts.height} px`,
    `  µm/px       ${mpp}`,
    `  objective   ${formatObjective(facts)}`,
    ...facts.levels.map(
      (level) =>
        `  level ${level.index}     ${level.size.width} × ${level.size.height} px, downsample ${Number(level.downsample.toFixed(4))}, tiles ${level.tileSize.width} × ${level.tileSize.height}`,
    ),
    `  tissue      ${(100 * facts.tissue.fraction).toFixed(1)} % of the slide${facts.tissue.areaMm2 === null ? "" : `, ${facts.tissue.areaMm2.toFixed(2)} mm²`}`,
  ];
  if (facts.bounds) {
    const { x, y, width, height } = facts.bounds;
    lines.push(`  scanned     ${width} × ${height} px of it, from ${x},${y}`);
  }
  if (facts.iccProfile) lines.push(`  ICC         ${describeProfile(facts.iccProfile)}`);
  const { channels } = facts;
  for (const { index, name, color, window } of channels?.all ?? []) {
    const shown = window ? `${window.low} to ${window.high} shown` : "not shown";
    const rgb = color.map((value) => value.toString(16).padStart(2, "0")).join("");
    lines.push(`  channel ${index}   ${name}, #${rgb}, ${shown}`);
  }
  lines.push(...formatStain(facts.stain));
  if (facts.associated.length > 0) {
    lines.push(`  also holds  ${facts.associated.join(", ")} (never read or served unasked)`);
  }
  return lines.join("\n");
}

/** A scanner's word, or what the µm/px come to, told apart. */
function formatObjective({ objectivePower, mpp }: SlideFacts): string {
  if (objectivePower !== null) return `${Number(objectivePower.toFixed(1))}x`;
  if (mpp === null) return "unknown";
  return `not in the file; its µm/px are those of about ${Number(objectiveFromMpp((mpp.x + mpp.y) / 2).toFixed(1))}x`;
}

function describeProfile({ description, space, damage }: IccFacts): string {
  if (damage !== null) return `damaged: ${damage}`;
  return `${description || "a profile without a name"} (${space}; applied with --icc only)`;
}
