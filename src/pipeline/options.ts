import type { Box } from "../geometry.ts";
import type { Provider } from "../segment/provider.ts";
import type { StainMethod } from "../stain.ts";
import type { Backend } from "../tiler/slide.ts";
import type { ProgressListener } from "./progress.ts";

/** What to segment, and how. Everything left out takes the task's or the model's own value. */
export interface SegmentSlideOptions {
  /** Path of the slide file. */
  readonly slide: string;
  /** nuclei, tumor or tissue. */
  readonly task: string;
  /** Folder that receives `<slide stem>.<task>/`. */
  readonly out: string;
  /** Name of an embedded model or path of a model's JSON file. */
  readonly model?: string;
  /** Only this part, level-0 px. */
  readonly region?: Box;
  /** µm per level-0 px, overriding the file. */
  readonly mpp?: number;
  /** What reads the slide; `auto` where left out, see OpenOptions. */
  readonly backend?: Backend;
  /** Which channel of a slide with channels, by number or name; all together when left out. */
  readonly channel?: number | string;
  /** Convert colours to sRGB by the slide's ICC profile, where it has one. */
  readonly icc?: boolean;
  /** Worker threads, one ONNX Runtime thread each. */
  readonly workers?: number;
  /** Bytes that the process may come to occupy: workers are as many as fit. Most of what is left to it where left out. */
  readonly memoryBytes?: number;
  /** What runs the model; the CPU where left out. */
  readonly provider?: Provider;
  /** `auto`: at the model's objectness peaks; `grid`: SAM's regular grid. */
  readonly prompts?: "auto" | "grid";
  /** GeoJSON of points and shapes in level-0 px: each is a prompt, and gives one object. In place of `prompts`. */
  readonly promptFile?: string;
  /** Whether a shape of that file asks with its bounding box, as where this is left out, or with a point inside it. */
  readonly promptShapes?: "box" | "point";
  /** Grid points a side of a patch; asks for `grid` prompts. */
  readonly pointsPerSide?: number;
  /** Predicted-IoU threshold, 0..1. */
  readonly iou?: number;
  /** Stability-score threshold, 0..1. */
  readonly stability?: number;
  /** Patch side, grid px. */
  readonly patchSize?: number;
  /** Overlap of neighbouring patches, grid px. */
  readonly overlap?: number;
  /** Brings the slide's stains to a common look before the model sees them; `none` by default. */
  readonly stainNormalise?: StainMethod | "none";
  /** `all`: the whole slide is taken for tissue; `auto` where left out: it is found by its colour. */
  readonly tissue?: "auto" | "all";
  /** Go on with an unfinished run. */
  readonly resume?: boolean;
  /** Take a finished run of the same slide, model and parameters as it is, as `resume` does too. */
  readonly skipFinished?: boolean;
  /** Throw away an unfinished run, or a run of another slide of the same name. */
  readonly overwrite?: boolean;
  /** Aborting finishes the patches in flight, records them and throws `interrupted`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /** Told what a user should know before a long run, in a sentence. */
  readonly onNotice?: (text: string) => void;
}
