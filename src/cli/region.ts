import { writeFile } from "node:fs/promises";
import { MicrotomeError, MissingMppError } from "../errors.ts";
import { selectScale } from "../scales/select-scale.ts";
import { openSlide } from "../tiler/open-slide.ts";
import { readScaled } from "../tiler/read-scaled.ts";
import { encodePng } from "../tiler/tiles.ts";
import { Arguments, type Command, usage } from "./command.ts";

/** A picture larger than this is refused: it would be held in memory whole. */
const MAX_PIXELS = 100_000_000;

export const regionCommand: Command = {
  name: "region",
  summary: "that part of a slide as a PNG, at level 0 or at a given µm/px",
  usage: `<slide> --box x,y,w,h [--mpp N] --out FILE.png

  --box x,y,w,h   level-0 px; what lies outside the slide is white
  --mpp N         µm/px of the picture; level 0 as it is when left out`,
  async run(args) {
    const options = {
      box: { type: "string" },
      mpp: { type: "string" },
      out: { type: "string" },
    } as const;
    const parsed = Arguments.parse("region", args, options, [1, 1]);
    const box = parsed.box("box");
    if (!box) throw usage("region", "--box is missing");
    const out = parsed.required("out");
    if (!/\.png$/i.test(out)) throw usage("region", `--out ${out}: expected a name ending in .png`);
    const mpp = parsed.number("mpp", 0.01, 1000);
    const slide = await openSlide(parsed.positionals[0]!);
    try {
      if (mpp !== undefined && slide.mpp === null) {
        throw new MissingMppError(
          `${slide.path} does not say how large a pixel is, so it cannot be shown at ${mpp} µm/px; leave --mpp out to take level-0 pixels as they are.`,
          { path: slide.path },
        );
      }
      const scale =
        mpp === undefined
          ? { level: 0, mpp: 1, resample: 1, gridDownsample: 1, upsampled: false }
          : selectScale(slide, mpp);
      const factor = scale.gridDownsample;
      const gridBox = {
        x: Math.round(box.x / factor),
        y: Math.round(box.y / factor),
        width: Math.max(1, Math.round(box.width / factor)),
        height: Math.max(1, Math.round(box.height / factor)),
      };
      if (gridBox.width * gridBox.height > MAX_PIXELS) {
        throw usage(
          "region",
          `the picture would be ${gridBox.width}×${gridBox.height} px, more than ${MAX_PIXELS / 1e6} megapixels: take a smaller --box or a larger --mpp`,
        );
      }
      const png = await encodePng(await readScaled(slide, scale, gridBox));
      await writeFile(out, png).catch((error: Error) => {
        throw new MicrotomeError(
          "output-unwritable",
          `cannot write ${out}: ${error.message}; choose a file you may write with --out.`,
          { path: out },
          error,
        );
      });
      return 0;
    } finally {
      await slide.close();
    }
  },
};
