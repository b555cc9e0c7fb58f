import { MicrotomeError } from "../../errors.ts";
import type { InstanceSource } from "../../store/instance-source.ts";

/** Objects by the class they are exported under, most first; names of equal numbers by the alphabet. */
export async function countClasses(
  source: InstanceSource,
  objectName: string,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for await (const { classification = objectName } of source.all()) {
    counts.set(classification, (counts.get(classification) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)));
}

/** Throws MicrotomeError `fell-short` where there is nothing that a DICOM file could hold. */
export function requireObjects(path: string, count: number, what: string): void {
  if (count > 0) return;
  throw new MicrotomeError(
    "fell-short",
    `${path} is not written: ${what}, and a DICOM file of this kind must hold at least one. GeoJSON may be empty.`,
    { path },
  );
}
