/**
 * What the server answers, as JSON: the contract between `server` and `viewer`.
 *
 * This file holds types alone, so that the browser side can import it. Ids are opaque. Coordinates
 * are level-0 pixels.
 */

/** A failed request. `code` is one of the codes of `errors.ts`, or one of HTTP's own here. */
export interface ApiError {
  readonly error: { readonly code: string; readonly message: string };
}

/** What can be looked at. */
export interface ItemList {
  readonly slides: readonly SlideRef[];
  readonly runs: readonly RunRef[];
  /** What to show first: a run when there is one, else a slide, else nothing. */
  readonly initial: { readonly slide: string | null; readonly run: string | null };
}

export interface SlideRef {
  readonly id: string;
  readonly name: string;
  /** Folder inside what is served, for telling equal names apart; "" at the top. */
  readonly folder: string;
}

export interface RunRef {
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly task: string;
  /** null when the slide that the run was made from is not where the run says it was. */
  readonly slide: string | null;
  readonly slideName: string;
  readonly state: string;
  readonly objects: number;
}

/** One resolution of a slide as the viewer needs it: the file's own, or one made where it has a gap. */
export interface SlideLevel {
  /** Own pixels. */
  readonly width: number;
  readonly height: number;
  /** Level-0 px per pixel of this level; rarely a power of two exactly. */
  readonly downsample: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
}

export interface SlideInfo {
  readonly id: string;
  readonly name: string;
  /** Tells one state of the file from another: `?v=` of addresses that may be kept for good. */
  readonly version: string;
  readonly vendor: string;
  readonly width: number;
  readonly height: number;
  /** µm per level-0 pixel, or null when the file does not say. */
  readonly mpp: { readonly x: number; readonly y: number; readonly source: string } | null;
  readonly objectivePower: number | null;
  /** True where the file has an ICC profile, which `?icc=1` applies to tiles. */
  readonly iccProfile: boolean;
  /** Finest first. */
  readonly levels: readonly SlideLevel[];
}

export interface ClassInfo {
  readonly name: string;
  /** RGB, 0–255. */
  readonly color: readonly [number, number, number];
  readonly count: number;
}

export interface MeasurementInfo {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** 2nd and 98th percentile: the ends of a colour ramp that outliers do not flatten. */
  readonly low: number;
  readonly high: number;
}

/** Facts about an overlay, without its objects. */
export interface OverlayInfo {
  readonly objects: number;
  readonly classes: readonly ClassInfo[];
  readonly measurements: readonly MeasurementInfo[];
  /** Position in `measurements` of the model's own score, or null. */
  readonly score: number | null;
  /** Side of a vector tile at z = 0, in level-0 px; it doubles with every z. */
  readonly tileSize: number;
  /** The z at which one tile covers every object. */
  readonly maxZoom: number;
  /** Tells one state of the overlay from another: part of the addresses that are cached. */
  readonly version: string;
}

export interface RunInfo {
  readonly id: string;
  readonly name: string;
  readonly task: string;
  /** "done", "incomplete" when patches failed, "running" or "interrupted" before its end. */
  readonly state: string;
  readonly slide: string | null;
  readonly slideName: string;
  /** e.g. "microtome 0.1.0". */
  readonly software: string;
  readonly model: { readonly name: string; readonly version: string; readonly sha256: string };
  /** µm per level-0 pixel that the run used, where it came from, and µm per pixel that the model saw. */
  readonly mpp: { readonly slide: number; readonly source: string; readonly used: number };
  readonly areaMm2: number;
  readonly seconds: Readonly<Record<string, number>>;
  readonly patches: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The first hundred. */
  readonly failures: readonly {
    readonly patch: string;
    readonly code: string;
    readonly message: string;
  }[];
  readonly failureCount: number;
  readonly researchUseOnly: true;
  /** null while the run has not written its objects. */
  readonly overlay: OverlayInfo | null;
  /** Addresses that hand out the objects as files. */
  readonly downloads: readonly { readonly name: string; readonly url: string }[];
  /** What someone corrected (microtome import), and which objects these are; null where nobody did. */
  readonly corrections: CorrectionsInfo | null;
}

export interface CorrectionsInfo {
  readonly shown: "corrected" | "original";
  /** What stands for the run's id in addresses of the corrected objects, and of the model's own. */
  readonly corrected: string;
  readonly original: string;
  /** null where the record of the corrections cannot be read. */
  readonly about: {
    /** Name of the imported file, and when it was imported (ISO 8601) where that is known. */
    readonly file: string;
    readonly at: string | null;
    /** Objects of another outline or class. */
    readonly changed: number;
    readonly added: number;
    readonly deleted: number;
  } | null;
}

/** Polygons of an object: each is a list of closed rings (first point repeated), the outer one first. */
export type ObjectPolygons = readonly (readonly (readonly (readonly [number, number])[])[])[];

export interface ObjectInfo {
  /** Position in the overlay: what vector tiles call the object. */
  readonly index: number;
  readonly id: string;
  readonly className: string | null;
  readonly color: readonly [number, number, number];
  /** minX, minY, maxX, maxY. */
  readonly box: readonly [number, number, number, number];
  readonly polygons: ObjectPolygons;
  readonly measurements: readonly { readonly name: string; readonly value: number }[];
}

/** The answer of a hit test. */
export interface HitAnswer {
  readonly object: ObjectInfo | null;
}

/** How many objects have their centre in a box. */
export interface CountAnswer {
  readonly count: number;
}

/** What a click cost, beside its features. */
export interface ClickFacts {
  /** True where the patch had been encoded before. */
  readonly warm: boolean;
  /** The patch that the model saw; it may stick out of the slide. */
  readonly patch: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
  /** Corner of the part that was scanned, where that is not the whole slide: QuPath counts from there. */
  readonly bounds: { readonly x: number; readonly y: number } | null;
  /** For each feature: it reaches a border of the patch beyond which the slide goes on, and is perhaps not whole. */
  readonly cut: readonly boolean[];
  /** For each feature: the model itself hardly believes in it, and a run would drop it. */
  readonly doubtful: readonly boolean[];
  readonly ms: {
    /** For others' patches, and for the model's thread. */
    readonly wait: number;
    readonly read: number;
    readonly encode: number;
    readonly decode: number;
    /** In the server, from the request's head to the answer. */
    readonly total: number;
  };
}

/** An object as QuPath's GeoJSON has it. */
export interface ClickFeature {
  readonly type: "Feature";
  readonly id: string;
  readonly geometry: {
    readonly type: "Polygon";
    readonly coordinates: ObjectPolygons[number];
  };
  readonly properties: {
    readonly objectType: string;
    readonly classification: {
      readonly name: string;
      readonly color: readonly [number, number, number];
    };
    readonly measurements: Readonly<Record<string, number>>;
  };
}

/** The answer to a click: a FeatureCollection with every mask that the model has for it, best first. */
export interface ClickAnswer {
  readonly type: "FeatureCollection";
  /** What made it. */
  readonly microtome: Readonly<Record<string, string | number>>;
  readonly click: ClickFacts;
  readonly features: readonly ClickFeature[];
}

/** What a click may be made of, and whether the place named is ready for one. */
export interface ClickReadiness {
  readonly task: string;
  readonly model: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly takes: {
    readonly boxes: boolean;
    readonly boxWithPoints: boolean;
    /** Points beside the object. */
    readonly negativePoints: boolean;
    /** Most points a prompt. */
    readonly mostPoints: number;
  };
  /** True where the named place has been encoded. */
  readonly ready: boolean;
}
