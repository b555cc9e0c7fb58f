import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A profile of tests/cases/color/profiles.json, and what the oracle makes of `COLOURS` with it. */
export interface ProfileCase {
  readonly icc: Uint8Array;
  readonly description: string;
  /** RGB, 3 bytes a colour. */
  readonly srgb: Uint8Array;
}

const file = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../cases/color/profiles.json"), "utf8"),
) as {
  readonly colours: string;
  readonly profiles: Readonly<
    Record<string, { readonly icc: string; readonly description: string; readonly srgb: string }>
  >;
};

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

/** RGB, 3 bytes a colour. */
export const COLOURS: Uint8Array = bytes(file.colours);

/** By name: `matrix`, `scanner`, `srgb`. */
export const PROFILES: Readonly<Record<string, ProfileCase>> = Object.fromEntries(
  Object.entries(file.profiles).map(([name, { icc, description, srgb }]) => [
    name,
    { icc: bytes(icc), description, srgb: bytes(srgb) },
  ]),
);
