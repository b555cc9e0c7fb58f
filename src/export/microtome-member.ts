import type { Point } from "../geometry.ts";
import { isObject } from "./check-rules.ts";
import { textOf } from "./read-features.ts";

/** Where the member stands in what microtome writes: before the features, and flat. */
const MEMBER =
  /^\s*\{\s*"type"\s*:\s*"FeatureCollection"\s*,\s*"microtome"\s*:\s*(\{(?:[^{}"]|"(?:[^"\\]|\\.)*")*\})/;

/**
 * What a GeoJSON file that microtome wrote says of itself, or null for another's.
 *
 * Looks at the beginning of the file alone. Throws MicrotomeError `input-not-found`, `corrupt-file`.
 */
export async function microtomeMember(
  path: string,
): Promise<Readonly<Record<string, unknown>> | null> {
  for await (const text of textOf(path)) {
    const found = MEMBER.exec(text.slice(0, 1 << 16))?.[1];
    if (found === undefined) return null;
    try {
      const value: unknown = JSON.parse(found);
      return isObject(value) ? value : null;
    } catch {
      return null;
    }
  }
  return null;
}

/**
 * Where the (0, 0) of a file that microtome wrote lies, level-0 px; null for another's, which does not say.
 *
 * Throws as {@link microtomeMember}.
 */
export async function statedOrigin(path: string): Promise<Point | null> {
  const about = await microtomeMember(path);
  return about && { x: numberOf(about.originX), y: numberOf(about.originY) };
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
