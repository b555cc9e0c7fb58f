/** What the load generator is asked to do. */
export interface LoadJob {
  /** 127.0.0.1: nothing else is ever asked. */
  readonly host: string;
  readonly port: number;
  /** In this order. */
  readonly paths: readonly string[];
  readonly connections: number;
}

/** What came of it; milliseconds from asking to the last byte. */
export interface LoadAnswer extends Readonly<Record<string, unknown>> {
  readonly requestsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly bytes: number;
  readonly count: number;
}

/** What a server is asked to do: serve a slide until it is stopped. */
export interface ServeJob {
  readonly slide: string;
}

/** Where a server serves it. */
export interface ServeAnswer extends Readonly<Record<string, unknown>> {
  readonly port: number;
  /** What goes before `_files/<level>/<column>_<row>.jpg`. */
  readonly deepZoom: string;
  /** What goes before `/<level>/<column>/<row>.jpg` of the slide's own tiles; null where there are none. */
  readonly tiles: string | null;
}
