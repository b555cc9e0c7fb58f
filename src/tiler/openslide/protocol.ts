import type { Box, Size } from "../../geometry.ts";

/** What the parent asks of the process that holds libopenslide. */
export type OpenSlideRequest =
  | { readonly kind: "open"; readonly path: string; readonly cacheBytes: number }
  | {
      readonly kind: "read";
      readonly level: number;
      /** Left edge, level-0 px. */
      readonly x: number;
      /** Top edge, level-0 px. */
      readonly y: number;
      /** The level's own px. */
      readonly width: number;
      readonly height: number;
    };

/** What OpenSlide says of a slide; nothing else of its properties leaves the process. */
export interface OpenSlideFacts {
  /** Of the library, e.g. "4.0.1". */
  readonly version: string;
  readonly vendor: string;
  /** As the library wrote them: text, or null where it says nothing. */
  readonly mppX: string | null;
  readonly mppY: string | null;
  readonly objectivePower: string | null;
  /** Level-0 px. */
  readonly bounds: Box | null;
  readonly levels: readonly {
    readonly size: Size;
    readonly downsample: number;
    readonly tileSize: Size | null;
  }[];
  readonly associated: readonly string[];
  readonly iccProfile: Uint8Array | null;
}

/** Why a request was not met. */
export type OpenSlideFault =
  /** The package koffi is not installed. */
  | "no-koffi"
  /** No libopenslide could be loaded. */
  | "no-library"
  /** OpenSlide knows no format that the file has. */
  | "not-recognised"
  /** OpenSlide knows the format, and reported an error. */
  | "openslide-error";

/** The answer to a request. */
export type OpenSlideAnswer =
  | { readonly ok: true; readonly kind: "facts"; readonly facts: OpenSlideFacts }
  /** RGB, rows top to bottom, width × height × 3 bytes. */
  | { readonly ok: true; readonly kind: "pixels"; readonly data: Uint8Array }
  | {
      readonly ok: false;
      readonly fault: OpenSlideFault;
      readonly message: string;
      /** Of the library, once it is loaded. */
      readonly version: string | null;
    };

/** As they cross: an answer carries its request's number. */
export interface Numbered<T> {
  readonly id: number;
  readonly body: T;
}
