/** The ONNX contracts an adapter exists for; their forms are in docs/models.md. */
export const CONTRACT_NAMES = [
  "window",
  "sam-meta",
  "sam-hf",
  "efficient-sam",
  "edge-sam",
  "sam2",
  "sam2-hf",
] as const;

/** One of {@link CONTRACT_NAMES}. */
export type ContractName = (typeof CONTRACT_NAMES)[number];

/** One file of a model, beside its description. */
export interface ModelFile {
  /** Absolute path after loading; relative to the JSON file in it. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Thresholds of the fully automatic mode: objects are found, prompted and made disjoint. */
export interface AutoSettings {
  /**
   * Where prompts come from: the model's objectness (the default), or blobs of hematoxylin, for nuclei and a
   * model of any contract; `objectnessThreshold` is then the least optical density above the surroundings'.
   */
  readonly from?: "objectness" | "hematoxylin";
  readonly objectnessThreshold: number;
  /** Peaks closer than this to a higher one are dropped, patch px. */
  readonly peakRadiusPx: number;
  readonly predictedIouThreshold: number;
  /** Masks less stable are dropped; none where this is left out. */
  readonly stabilityScoreThreshold?: number;
  /** Logit at which a mask is cut. */
  readonly maskThreshold: number;
  /** Mask IoU above which the lower-ranked of two masks is dropped. */
  readonly nmsIou: number;
  /** 1: decode again with the mask's box as prompt. */
  readonly refinePasses: 0 | 1;
  readonly minAreaUm2: number;
  /** Foreground above which what no mask claims is prompted, too; never where this is left out. */
  readonly secondLookForeground?: number;
}

/** Thresholds of SAM's automatic mask generation (names and defaults of the reference implementation). */
export interface GridSettings {
  readonly pointsPerSide: number;
  readonly predictedIouThreshold: number;
  readonly stabilityScoreThreshold: number;
  readonly stabilityScoreOffset: number;
  readonly maskThreshold: number;
  readonly nmsIou: number;
  /** What non-maximum suppression compares: boxes as the reference does (the default), or masks. */
  readonly nmsKind?: "box" | "mask";
  /**
   * A point that lies in the smallest accepted mask of an earlier point is not asked where that mask is at least
   * this stable; every point is asked, as the reference does, where this is left out.
   */
  readonly coveredStability?: number;
  /** Further layers of crops, each of (2^i)² encoded by themselves, for small objects; 0 by default. */
  readonly cropLayers?: number;
  /** Box IoU above which, of two masks of different crops, that of the larger crop is dropped; 0.7 by default. */
  readonly cropNmsIou?: number;
  /** Share of the patch's short side by which crops of the first layer overlap; 512/1500 by default. */
  readonly cropOverlapRatio?: number;
  /** Points a side of layer i are divided by this to the power of i; 1 by default. */
  readonly cropPointsDownscale?: number;
  /** Gaps are filled and parts dropped that are smaller, patch px²; 0, the default, leaves them. */
  readonly minMaskRegionAreaPx?: number;
}

/** What a model tells its objects apart as: one name a column of `class_logits`. */
export interface ClassSettings {
  readonly names: readonly string[];
  /** Softmax probability above which an object gets the name; below it stays what its task calls it. */
  readonly threshold: number;
}

/** A model as its JSON file describes it. */
export interface ModelSpec {
  /** Absolute path of the JSON file it came from. */
  readonly source?: string;
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly contract: ContractName;
  readonly tasks: readonly string[];
  readonly files: { readonly encoder: ModelFile; readonly decoder: ModelFile };
  /** Encoder input: sides are multiples of `stride`; `size` fixes the side (1024 for SAM). */
  readonly input: {
    readonly stride: number;
    readonly size: number | null;
    /** Patch side that suits the model, px, where it takes any. */
    readonly preferredSize?: number;
  };
  /** `window` contract only: the logits window a prompt is answered in. */
  readonly window: { readonly cells: number; readonly stride: number } | null;
  /**
   * How a patch becomes the encoder's input where the graph does not do it itself: SAM's way (the default),
   * or MedSAM's, whose graphs are those of `sam-meta` or `sam-hf`: a square, its samples stretched to 0..1.
   */
  readonly preprocess?: "sam" | "medsam";
  /** µm/px the model was trained at, or null. */
  readonly mpp: number | null;
  readonly masksPerPrompt: number;
  /** `window` contract only, for a decoder with a `class_logits` output; null without. */
  readonly classes: ClassSettings | null;
  readonly auto: AutoSettings | null;
  readonly grid: GridSettings;
  readonly licence: string;
  /** Data sets it was trained on, by name; empty when unknown. */
  readonly trainedOn: readonly string[];
  /** True for a model that must not be used clinically; every embedded one. */
  readonly researchUseOnly?: boolean;
  /**
   * SHA-256 over both files' SHA-256 hex strings, and those of weights in files of their own, joined by newlines: the
   * model's identity in run.json.
   */
  readonly sha256: string;
}
