import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Point } from "../../src/geometry.ts";
import type {
  AutoSettings,
  ContractName,
  GridSettings,
  ModelSpec,
} from "../../src/segment/model.ts";
import { SAM_GRID_DEFAULTS } from "../../src/segment/model-json.ts";
import { openModel } from "../../src/segment/open-model.ts";
import type { SegmentJob, SegmentSettings } from "../../src/segment/protocol.ts";
import { PatchSegmenter } from "../../src/segment/segment-patch.ts";
import type { RgbImage } from "../../src/tiler/slide.ts";

/** Tiny graphs of known answers and their goldens: see make-models.py and make-goldens.py there. */
export const CASES = fileURLToPath(new URL("../cases/models/", import.meta.url));

export async function golden<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(join(CASES, name), "utf8")) as T;
}

export const TOY_AUTO: AutoSettings = {
  objectnessThreshold: 0.5,
  peakRadiusPx: 6,
  predictedIouThreshold: 0.2,
  maskThreshold: 0,
  nmsIou: 0.3,
  refinePasses: 0,
  minAreaUm2: 0,
};

/** The description of a toy model, as the registry would give it (checksums are not looked at past it). */
export function toySpec(contract: ContractName, encoder?: string, decoder?: string): ModelSpec {
  const file = (name: string) => ({ path: join(CASES, name), sha256: "", bytes: 0 });
  return {
    name: `toy-${contract}`,
    title: "toy",
    version: "1",
    contract,
    tasks: ["nuclei"],
    files: {
      encoder: file(encoder ?? `${contract}-encoder.onnx`),
      decoder: file(decoder ?? `${contract}-decoder.onnx`),
    },
    input: contract === "window" ? { stride: 16, size: null } : { stride: 1, size: 1024 },
    window: contract === "window" ? { cells: 16, stride: 2 } : null,
    mpp: 0.25,
    masksPerPrompt: contract === "window" ? 1 : 3,
    classes: null,
    auto: contract === "window" ? TOY_AUTO : null,
    grid: SAM_GRID_DEFAULTS,
    licence: "CC0-1.0",
    trainedOn: [],
    sha256: "",
  };
}

export function toySettings(
  model: ModelSpec,
  auto: Partial<AutoSettings> = {},
  grid: Partial<GridSettings> = {},
): SegmentSettings {
  return {
    model,
    auto: model.auto && { ...model.auto, ...auto },
    grid: { ...model.grid, ...grid },
    mpp: 1,
    minAreaUm2: 0,
    maxAreaUm2: null,
    stain: null,
  };
}

export async function toySegmenter(settings: SegmentSettings): Promise<PatchSegmenter> {
  return new PatchSegmenter(await openModel(settings.model), settings);
}

export function job(image: RgbImage, rest: Partial<SegmentJob> = {}): SegmentJob {
  return {
    patchId: "0_0",
    image,
    prompts: { kind: "auto" },
    allow: null,
    valid: { x: 0, y: 0, width: image.width, height: image.height },
    ...rest,
  };
}

/** One filled colour. */
export function plain(width: number, height: number, rgb: readonly number[]): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = rgb[i % 3]!;
  return { data, width, height };
}

/** A disc that the toy `window` model sees as an object: dark red channel, `green`/255 its quality, blue at its centre. */
export interface ToyObject extends Point {
  readonly radius: number;
  readonly green: number;
}

/** A white-red picture with toy objects; pixel centres within the radius belong to a disc, later discs lie on top. */
export function paintToy(width: number, height: number, objects: readonly ToyObject[]): RgbImage {
  const image = plain(width, height, [255, 128, 0]);
  for (const { x, y, radius, green } of objects) {
    forDisc(width, height, x, y, radius, (at) => image.data.set([0, green, 0], at * 3));
    // Two by two pixels on a cell of stride 2: one cell of full objectness.
    const [cx, cy] = [Math.floor(x / 2) * 2, Math.floor(y / 2) * 2];
    for (const dy of [0, 1]) {
      for (const dx of [0, 1]) image.data[((cy + dy) * width + cx + dx) * 3 + 2] = 255;
    }
  }
  return image;
}

export function forDisc(
  width: number,
  height: number,
  x: number,
  y: number,
  radius: number,
  visit: (at: number) => void,
): void {
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      if ((column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2 <= radius * radius) {
        visit(row * width + column);
      }
    }
  }
}

/** The picture that the goldens of make-goldens.py are made on. */
export function amgPicture(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3).fill(128);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[(y * width + x) * 3] = (Math.floor(x / 64) * 37 + Math.floor(y / 64) * 59) % 251;
    }
  }
  return { data, width, height };
}
