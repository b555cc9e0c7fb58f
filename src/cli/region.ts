import { writeFile } from "node:fs/promises";
import { MicrotomeError, MissingMppError, UnsupportedSlideError } from "../errors.ts";
import { type Box, intersectBoxes } from "../geometry.ts";
import type { Scale } from "../scales/scale.ts";
import { selectScale } from "../scales/select-scale.ts";
import { readScaled } from "../tiler/read-scaled.ts";
import type { Slide } from "../tiler/slide.ts";
import { encodeJpeg, encodePng } from "../tiler/tiles.ts";
import { unwritable } from "../unwritable.ts";
import { Arguments, type Command, usage } from "./command.ts";
import {
  BACKEND_HELP,
  CHANNEL_HELP,
  CHANNEL_OPTION,
  channelOption,
  ICC_HELP,
  openNamedSlide,
  SLIDE_OPTIONS,
} from "./slide-options.ts";

/** A picture larger than this is refused: it would be held in memory whole. */
const MAX_PIXELS = 100_000_000;

/** JPEG where nothing else is asked for: near what scanners store. */
const JPEG_QUALITY = 90;

export const regionCommand: Command = {
  name: "region",
  summary: "a slide or a part of it as a PNG or JPEG, at a level or at a given µm/px",
  usage: `<slide> [--box x,y,w,h] [--mpp N | --level N] --out FILE.png|FILE.jpg

  --box x,y,w,h             level-0 px; what lies outside the slide is white (default: the whole slide)
  --mpp N                   µm/px of the picture; level 0 as it is when left out
  --level N                 pixels of this level as they are stored
  --out FILE                its ending says PNG (.png) or JPEG (.jpg, .jpeg)
  --quality N               of a JPEG, 1 to 100 (${JPEG_QUALITY})
${CHANNEL_HELP}
${BACKEND_HELP}
${ICC_HELP}
  --json                    one JSON object on stdout at the end`,
  async run(args, terminal) {
    const options = {
      ...SLIDE_OPTIONS,
      ...CHANNEL_OPTION,
      box: { type: "string" },
      mpp: { type: "string" },
      level: { type: "string" },
      out: { type: "string" },
      quality: { type: "string" },
      json: { type: "boolean" },
    } as const;
    const parsed = Arguments.parse("region", args, options, [1, 1]);
    const asked = parsed.box("box");
    const out = parsed.required("out");
    const kind = /\.(png|jpe?g)$/i.exec(out)?.[1]?.toLowerCase();
    if (!kind) throw usage("region", `--out ${out}: expected a name ending in .png, .jpg or .jpeg`);
    const quality = parsed.integer("quality", 1, 100);
    if (quality !== undefined && kind === "png") {
      throw usage("region", `--quality ${quality} is for a JPEG, but --out is ${out}`);
    }
    const mpp = parsed.number("mpp", 0.01, 1000);
    const level = parsed.integer("level", 0, 1000);
    if (mpp !== undefined && level !== undefined) {
      throw usage(
        "region",
        `--mpp ${mpp} and --level ${level} say two things; leave one of them out`,
      );
    }
    const slide = await openNamedSlide(
      parsed.positionals[0]!,
      parsed,
      terminal,
      channelOption(parsed),
    );
    try {
      const whole = { x: 0, y: 0, ...slide.size };
      const box = asked ?? whole;
      if (!intersectBoxes(box, whole)) {
        throw usage(
          "region",
          `--box ${[box.x, box.y, box.width, box.height].join(",")} lies outside the slide, which is ${slide.size.width}×${slide.size.height} px`,
        );
      }
      const scale = level === undefined ? scaleAt(slide, mpp) : scaleOf(slide, level);
      const gridBox = onGrid(box, scale.gridDownsample);
      const image = await readScaled(slide, scale, gridBox);
      const bytes =
        kind === "png" ? await encodePng(image) : await encodeJpeg(image, quality ?? JPEG_QUALITY);
      await writeFile(out, bytes).catch((error: unknown) => {
        throw unwritable(out, error);
      });
      if (parsed.boolean("json")) {
        const { width, height } = image;
        const shown = slide.mpp
          ? { x: slide.mpp.x * scale.gridDownsample, y: slide.mpp.y * scale.gridDownsample }
          : null;
        const summary = {
          slide: slide.path,
          box,
          width,
          height,
          level: scale.level,
          mpp: shown,
          file: out,
        };
        terminal.stdout.write(`${JSON.stringify(summary)}\n`);
      }
      return 0;
    } finally {
      await slide.close();
    }
  },
};

/** The scale of a picture at µm/px `mpp`; level 0 as it is where that is left out. */
function scaleAt(slide: Slide, mpp: number | undefined): Scale {
  if (mpp === undefined) return scaleOf(slide, 0);
  if (slide.mpp === null) {
    throw new MissingMppError(
      `${slide.path} does not say how large a pixel is, so it cannot be shown at ${mpp} µm/px; leave --mpp out to take level-0 pixels as they are.`,
      { path: slide.path },
    );
  }
  try {
    return selectScale(slide, mpp);
  } catch (error) {
    if (!(error instanceof UnsupportedSlideError)) throw error;
    // Elsewhere --mpp tells a slide's own µm/px and is the way out; here it asks for a picture's.
    throw new UnsupportedSlideError(
      `${slide.path} has pixels of ${slide.mpp.x.toFixed(4)} × ${slide.mpp.y.toFixed(4)} µm, which are not square; leave --mpp out, or take a level as it is with --level N.`,
      { path: slide.path },
      error,
    );
  }
}

/** A level's own pixels. */
function scaleOf(slide: Slide, index: number): Scale {
  const level = slide.levels[index];
  if (!level) {
    throw new MicrotomeError(
      "usage",
      `${slide.path} has no level ${index}; its levels are 0 to ${slide.levels.length - 1} (--level).`,
      { path: slide.path, level: index },
    );
  }
  const { downsample } = level;
  const mpp = slide.mpp ? ((slide.mpp.x + slide.mpp.y) / 2) * downsample : downsample;
  return { level: index, mpp, resample: 1, gridDownsample: downsample, upsampled: false };
}

/** A level-0 box in the picture's own pixels. Throws `usage` where the picture would be too large. */
function onGrid(box: Box, factor: number): Box {
  const gridBox = {
    x: Math.round(box.x / factor),
    y: Math.round(box.y / factor),
    width: Math.max(1, Math.round(box.width / factor)),
    height: Math.max(1, Math.round(box.height / factor)),
  };
  if (gridBox.width * gridBox.height <= MAX_PIXELS) return gridBox;
  throw usage(
    "region",
    `the picture would be ${gridBox.width}×${gridBox.height} px, more than ${MAX_PIXELS / 1e6} megapixels: take a larger --mpp, a higher --level or a smaller --box`,
  );
}
