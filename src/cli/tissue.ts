import { writeFile } from "node:fs/promises";
import { originOfBounds, writeQuPath } from "../export/qupath.ts";
import type { Instance } from "../merge/instance.ts";
import { outlineTissue } from "../pipeline/outline-tissue.ts";
import { paintTissue } from "../pipeline/tissue-picture.ts";
import { fingerprintFile } from "../store/fingerprint.ts";
import { openSlide } from "../tiler/open-slide.ts";
import { encodePng } from "../tiler/picture.ts";
import type { Slide } from "../tiler/slide.ts";
import { areaMm2, detectTissue, type FoundTissue, TISSUE_METHOD } from "../tiler/tissue.ts";
import { unwritable } from "../unwritable.ts";
import { Arguments, type Command, usage } from "./command.ts";

/** How QuPath shows the pieces. */
const TISSUE = {
  name: "tissue",
  objectName: "Tissue",
  objectType: "annotation",
  color: [0, 200, 90],
} as const;

export const tissueCommand: Command = {
  name: "tissue",
  summary: "where a slide's tissue is: outlines for QuPath, or a picture",
  usage: `<slide> --out FILE.geojson|FILE.geojson.gz|FILE.png [--mpp N] [--json]

  --out FILE   .geojson or .geojson.gz: one annotation a piece, level-0 px, as QuPath counts them; .png: the
               slide with its tissue outlined and the rest dimmed
  --mpp N      µm per level-0 px, where the file does not say or is wrong
  --json       one JSON object on stdout at the end`,
  async run(args, terminal) {
    const options = {
      out: { type: "string" },
      mpp: { type: "string" },
      json: { type: "boolean" },
    } as const;
    const parsed = Arguments.parse("tissue", args, options, [1, 1]);
    const out = parsed.required("out");
    if (!/\.(geojson|geojson\.gz|png)$/i.test(out)) {
      throw usage(
        "tissue",
        `--out ${out}: expected a name ending in .geojson, .geojson.gz or .png`,
      );
    }
    const mpp = parsed.number("mpp", 0.01, 100);
    const slide = await openSlide(parsed.positionals[0]!, mpp === undefined ? {} : { mpp });
    try {
      const tissue = await detectTissue(slide, terminal.signal);
      const { sha256 } = await fingerprintFile(slide.path);
      const pieces = outlineTissue(tissue, slide.mpp, `${sha256} ${TISSUE_METHOD}`);
      if (/\.png$/i.test(out)) await writePicture(tissue, out);
      else await writeOutlines(pieces, slide, tissue, out);
      const summary = summarise(slide, tissue, pieces.length, out);
      terminal.stdout.write(
        parsed.boolean("json") ? `${JSON.stringify(summary)}\n` : `${describe(summary)}\n`,
      );
      return 0;
    } finally {
      await slide.close();
    }
  },
};

async function writePicture(tissue: FoundTissue, out: string): Promise<void> {
  await writeFile(out, await encodePng(paintTissue(tissue))).catch((error: unknown) => {
    throw unwritable(out, error);
  });
}

async function writeOutlines(
  pieces: readonly Instance[],
  slide: Slide,
  tissue: FoundTissue,
  out: string,
): Promise<void> {
  async function* each(): AsyncGenerator<Instance, void, void> {
    yield* pieces;
  }
  await writeQuPath(each(), {
    path: out,
    task: TISSUE,
    ...originOfBounds(slide.bounds),
    provenance: {
      method: TISSUE_METHOD,
      thresholdOd: Number(tissue.threshold.toFixed(5)),
      ...(slide.mpp ? { micrometersPerPixel: (slide.mpp.x + slide.mpp.y) / 2 } : {}),
    },
  });
}

function summarise(slide: Slide, tissue: FoundTissue, pieces: number, out: string) {
  const mpp = slide.mpp && (slide.mpp.x + slide.mpp.y) / 2;
  const mm2 = (px: number) => (mpp ? Number(areaMm2(px, mpp).toFixed(4)) : null);
  const whole = slide.size.width * slide.size.height;
  return {
    slide: slide.path,
    method: TISSUE_METHOD,
    thresholdOd: Number(tissue.threshold.toFixed(5)),
    pieces,
    fraction: Number((tissue.areaPx / whole).toFixed(4)),
    areaMm2: mm2(tissue.areaPx),
    inkFraction: Number((tissue.inkPx / whole).toFixed(4)),
    inkMm2: mm2(tissue.inkPx),
    glass: tissue.glass?.map((value) => Number(value.toFixed(1))) ?? null,
    file: out,
  };
}

function describe(summary: ReturnType<typeof summarise>): string {
  const { pieces, fraction, areaMm2: mm2, inkFraction } = summary;
  const ink = inkFraction > 0 ? `; pen on ${(100 * inkFraction).toFixed(1)} %` : "";
  return [
    `${summary.slide}: ${pieces} ${pieces === 1 ? "piece" : "pieces"} of tissue, ${(100 * fraction).toFixed(1)} % of the slide${mm2 === null ? "" : `, ${mm2.toFixed(2)} mm²`}${ink}`,
    `  ${summary.file}`,
    "  For research use only.",
  ].join("\n");
}
