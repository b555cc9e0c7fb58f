/** What the server is asked to do: serve a slide until it is stopped. */
export interface ServeJob {
  readonly slide: string;
}

/** Where clicks on it are answered. */
export interface ServeAnswer extends Readonly<Record<string, unknown>> {
  readonly port: number;
  /** The address for POST. */
  readonly path: string;
}

/** What the peer is asked: the object under a point, in a patch; all in level-0 px. */
export interface PeerJob {
  readonly slide: string;
  readonly encoder: string;
  readonly decoder: string;
  readonly point: readonly [x: number, y: number];
  /** x, y, side. */
  readonly patch: readonly [x: number, y: number, side: number];
  /** Side of the patch as the model sees it, px. */
  readonly pixels: number;
  /** Patch px a cell of the model's windows, and the logit at which its masks are cut. */
  readonly stride: number;
  readonly threshold: number;
  /** Whether an embedding of this patch that was made before may be used. */
  readonly keep: boolean;
}

/** The outline that the peer found, level-0 px: x0, y0, x1, y1, …; empty for none. */
export interface PeerAnswer extends Readonly<Record<string, unknown>> {
  readonly outline: readonly number[];
}
