import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

/** This package's version, e.g. "0.1.0". */
export const VERSION: string = manifest.version;
