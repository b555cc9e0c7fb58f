import { importObjects } from "../pipeline/import-objects.ts";
import type { ImportReport } from "../pipeline/import-report.ts";
import { Arguments, type Command } from "./command.ts";

export const importCommand: Command = {
  name: "import",
  summary: "takes a run's objects back from QuPath, corrections included",
  usage: `<run dir> FILE.geojson[.gz] [--missing deleted|kept] [--all-annotations] [--json]

Objects are told by their ids: unchanged, reshaped, reclassified, deleted, added. The corrected set is
written beside the run's own objects, which stay; view and export show it from then on (export
--objects original: the run's own).

  --missing deleted    what the file lacks was deleted, even if that is more than half
  --missing kept       the file is a part of the objects: what it lacks stays as it was
  --all-annotations    annotations of any class, or none, are objects; without it only those of a class
                       that the run has, and the others are set aside

Exit status 0: all was taken; 1: something was left out, each is named. docs/import.md says more.`,
  async run(args, terminal) {
    const options = {
      missing: { type: "string" },
      "all-annotations": { type: "boolean" },
      json: { type: "boolean" },
    } as const;
    const parsed = Arguments.parse("import", args, options, [2, 2]);
    const [folder, path] = parsed.positionals as [string, string];
    const report = await importObjects(folder, path, {
      missing: parsed.oneOf("missing", ["deleted", "kept"]) ?? "guess",
      allAnnotations: parsed.boolean("all-annotations"),
    });
    if (parsed.boolean("json")) terminal.stdout.write(`${JSON.stringify(report)}\n`);
    else for (const line of linesOf(report)) terminal.stdout.write(`${line}\n`);
    for (const { id, why } of report.left) {
      terminal.stderr.write(`left out: ${id ?? "an object without an id"}: ${why}\n`);
    }
    return report.leftOut + report.labelsLeftOut === 0 ? 0 : 1;
  },
};

function linesOf(report: ImportReport): string[] {
  const { unchanged, reshaped, reclassified, reshapedAndReclassified, deleted, missing } = report;
  const { added, pieces, mended, setAside, leftOut, objects, files, original } = report;
  const { labelled, labelsLeftOut } = report;
  const aside = Object.entries(setAside).map(([what, count]) => `${count} ${what}`);
  return [
    `${original} objects in the run: ${unchanged} unchanged, ${reshaped} reshaped, ${reclassified} reclassified (${reshapedAndReclassified} of them both), ${deleted} deleted${missing > deleted ? `, ${missing - deleted} not in the file and kept` : ""}`,
    `${added} added${pieces > 0 ? `, ${pieces} pieces of objects in several` : ""}${mended > 0 ? `, ${mended} outlines mended` : ""}${leftOut > 0 ? `, ${leftOut} left out` : ""}`,
    ...(labelled > 0 ? [`${labelled} with a name, lock, metadata or colour of their own`] : []),
    ...(labelsLeftOut > 0 ? [`${labelsLeftOut} names, locks, metadata or colours left out`] : []),
    ...(aside.length > 0 ? [`set aside: ${aside.join(", ")}`] : []),
    `${objects} objects in ${files.join(", ")}`,
  ];
}
