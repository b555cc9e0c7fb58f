import type { Box, Size } from "../geometry.ts";

/** An 8-bit RGB picture, rows top to bottom, no padding (HWC uint8). */
export interface RgbImage {
  /** width × height × 3 bytes. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** One resolution of a slide's pyramid. */
export interface Level {
  /** 0 is the finest. */
  readonly index: number;
  /** The level's own size, in its own pixels. */
  readonly size: Size;
  /** Level-0 pixels per pixel of this level, ≥ 1: mean of the two axes, as OpenSlide reports it. */
  readonly downsample: number;
  /** Size of a stored tile, in this level's pixels; a virtual 512 px tile where the file stores none. */
  readonly tileSize: Size;
}

/** Where a slide's µm/px comes from, most trusted first. */
export type MppSource = "override" | "vendor" | "tiff-resolution";

/** Size of a level-0 pixel. */
export interface Mpp {
  /** µm per pixel along x. */
  readonly x: number;
  /** µm per pixel along y. */
  readonly y: number;
  readonly source: MppSource;
}

/** Red, green and blue, 0–255 each. */
export type ChannelColor = readonly [red: number, green: number, blue: number];

/** Values of the file that are shown black and at full brightness. */
export interface ChannelWindow {
  readonly low: number;
  readonly high: number;
}

/** A fluorescence channel, or another picture of the same field. */
export interface SlideChannel {
  /** From 0, in the file's order. */
  readonly index: number;
  readonly name: string;
  readonly color: ChannelColor;
  /** null where the channel is not shown, and so not measured. */
  readonly window: ChannelWindow | null;
}

/** A slide's channels, and what is shown of them: one as grey, or all in their colours, added. */
export interface SlideChannels {
  readonly all: readonly SlideChannel[];
  readonly shown: number | "composite";
}

/** A stored JPEG tile, complete enough to be decoded by any JPEG decoder with the slide's own colours. */
export interface RawTile {
  readonly mime: "image/jpeg";
  readonly data: Uint8Array;
}

/**
 * An open whole-slide image: a plain object, so that one slide may wrap another by spreading it.
 *
 * `readRegion` takes its box in the **named level's own pixels**; parts outside the level are
 * white (255). Pixels equal OpenSlide's.
 */
export interface Slide {
  readonly path: string;
  /** e.g. "aperio", "generic-tiff", "plain". */
  readonly vendor: string;
  /** Level-0 size, in pixels. */
  readonly size: Size;
  /** null when the file does not say: the caller must give it (MissingMppError elsewhere). */
  readonly mpp: Mpp | null;
  /** Objective magnification the scanner states, e.g. 20 or 40; for display only, never compared. */
  readonly objectivePower: number | null;
  /** Finest first, at least one. */
  readonly levels: readonly Level[];
  /** Names of label, macro and thumbnail images in the file: listed, never read unless asked for by name. */
  readonly associated: readonly string[];
  /** What reads it: "native", or "openslide" and its version. */
  readonly backend: string;
  /** The part of level 0 that was scanned, where the file says that it is not the whole; level-0 px. */
  readonly bounds: Box | null;
  /**
   * The ICC profile of level 0's colours as stored, or null where there is none; empty where the file
   * names one that it does not hold. Never applied unasked: see `convertToSrgb`.
   */
  readonly iccProfile: Uint8Array | null;
  /** Its channels, where what `readRegion` gives is made of such; null where pixels are a picture's. */
  readonly channels: SlideChannels | null;
  /** Reads a box given in the level's own pixels (integers). Throws CorruptSlideError. */
  readRegion(level: number, levelBox: Box, signal?: AbortSignal): Promise<RgbImage>;
  /**
   * Says which boxes of a level will be read, each once, in whatever order: a stored tile that
   * several of them need is kept from the first to the last, within the cache's limit, and so
   * decoded once. Call `end` when the reads are over. Absent where nothing would be gained.
   */
  announceReads?(level: number, levelBoxes: readonly Box[]): AnnouncedReads;
  /** The stored tile at column, row of a level as JPEG bytes, or null where it is not stored so. */
  readRawTile(level: number, column: number, row: number): Promise<RawTile | null>;
  close(): Promise<void>;
}

/** Reads that were announced; see {@link Slide.announceReads}. */
export interface AnnouncedReads {
  /** Whether all of them came or not. */
  end(): void;
}

/** What reads slides: microtome's own formats, libopenslide, or the first of these that can. */
export const BACKENDS = ["auto", "native", "openslide"] as const;

/** One of {@link BACKENDS}. */
export type Backend = (typeof BACKENDS)[number];

/** How to open a slide. */
export interface OpenOptions {
  /** `auto` where left out: OpenSlide is asked only for what microtome's own formats refuse as unsupported. */
  readonly backend?: Backend;
  /** µm/px of level 0, overriding what the file says. */
  readonly mpp?: number;
  /** Which channel to show, by number (from 0) or name; "composite", as when left out, all together. */
  readonly channel?: number | string;
  /** Decoded tiles kept in memory, in bytes; the newest tile is kept whatever its size. */
  readonly cacheBytes?: number;
}
