import type { ExportedFile, ExportFormat, ExportSubject, FormatOption } from "../export/format.ts";
import { EXPORT_FORMATS, formatNamed } from "../export/formats.ts";
import { findOrigin } from "../pipeline/find-origin.ts";
import { readRunLabels } from "../pipeline/run-labels.ts";
import { openRunObjects } from "../pipeline/run-objects.ts";
import { stoppable } from "../pipeline/stoppable.ts";
import { textThreadsOf } from "../pipeline/text-threads.ts";
import { taskNamed } from "../scales/tasks.ts";
import type { InstanceSource } from "../store/instance-source.ts";
import type { RunRecord } from "../store/run-record.ts";
import { Arguments, type Command, usage } from "./command.ts";

const NAMES = EXPORT_FORMATS.flatMap(({ names }) => names);

export const exportCommand: Command = {
  name: "export",
  summary: "a run's objects in the form another program takes",
  usage: `<run dir> --format ${NAMES.join("|")} --out FILE

${EXPORT_FORMATS.map(helpOf).join("\n")}

  --out FILE          replaced where it exists, when the new one is complete
  --objects WHICH     corrected: as microtome import left them, where it did (the default); original
  --max-objects N     several files of at most N objects: FILE-001.geojson, FILE-002.geojson, …
  --type TYPE         qupath: detection (many, light: counted and measured) or annotation (can be edited, keeps
                      its place in the list of annotations); else detections of nuclei, annotations of regions
  --mpp N|slide       of a mask: µm per pixel, or the slide's own; else those of the run's model
  --slide PATH        DICOM: where the run's slide is now, if it is not where it was
  --keep-identity     DICOM: copy patient, accession and study date from the slide; else they stay empty
  --json              one JSON object on stdout at the end`,
  async run(args, terminal) {
    const options = {
      format: { type: "string" },
      objects: { type: "string" },
      out: { type: "string" },
      "max-objects": { type: "string" },
      mpp: { type: "string" },
      slide: { type: "string" },
      type: { type: "string" },
      "keep-identity": { type: "boolean" },
      json: { type: "boolean" },
    } as const;
    const parsed = Arguments.parse("export", args, options, [1, 1]);
    parsed.required("format");
    const format = formatNamed(parsed.oneOf("format", NAMES)!)!;
    const path = parsed.required("out");
    const maxObjects = parsed.integer("max-objects", 1, 2 ** 31);
    if (maxObjects !== undefined && !format.splits) {
      const able = EXPORT_FORMATS.filter(({ splits }) => splits).map(({ names }) => names[0]);
      throw usage(
        "export",
        `--max-objects: ${format.names[0]} is one file; ${able.join(", ")} can be split`,
      );
    }
    const mpp =
      parsed.string("mpp") === "slide" ? ("slide" as const) : parsed.number("mpp", 0.01, 1000);
    if (mpp !== undefined) requireTakes(format, "mpp");
    const objectType = parsed.oneOf("type", ["detection", "annotation"]);
    if (objectType !== undefined) requireTakes(format, "type");
    const slide = parsed.string("slide");
    if (slide !== undefined) requireTakes(format, "slide");
    const keepIdentity = parsed.boolean("keep-identity");
    if (keepIdentity) requireTakes(format, "keep-identity");
    const folder = parsed.positionals[0]!;
    const choice = parsed.oneOf("objects", ["corrected", "original"]);
    const { record, objects, corrected, close } = await openRunObjects(folder, choice);
    if (corrected && choice === undefined) {
      terminal.stderr.write(
        "note: the objects are those that microtome import corrected; --objects original takes the run's own\n",
      );
    }
    try {
      const { signal } = terminal;
      const startTextThread = textThreadsOf(objects);
      const subject = {
        ...subjectOf(record, stoppable(objects, signal), corrected),
        ...(startTextThread ? { startTextThread } : {}),
        ...(await readRunLabels(folder, record, corrected)),
        ...(format.takes?.includes("slide")
          ? { origin: await findOrigin(folder, record, { slide, keepIdentity }) }
          : {}),
      };
      const target = {
        path,
        signal,
        ...(maxObjects === undefined ? {} : { maxObjects }),
        ...(objectType === undefined ? {} : { objectType }),
        ...(mpp === undefined ? {} : { mpp }),
      };
      const files = await format.write(subject, target);
      if (!format.endings.some((ending) => path.toLowerCase().endsWith(ending))) {
        terminal.stderr.write(
          `note: ${path} does not end in ${format.endings.join(" or ")}, by which other programs know ${format.names[0]}\n`,
        );
      }
      for (const { note } of files) if (note) terminal.stderr.write(`note: ${note}\n`);
      const text = parsed.boolean("json")
        ? JSON.stringify({
            format: format.names[0],
            run: parsed.positionals[0],
            objects: objects.count,
            files,
          })
        : files.map(describe).join("\n");
      terminal.stdout.write(`${text}\n`);
    } finally {
      await close();
    }
    return 0;
  },
};

function helpOf({ names, endings, summary }: ExportFormat): string {
  return `  ${names.join(", ").padEnd(18)}  ${endings[0].padEnd(12)}  ${summary}`;
}

function requireTakes({ names, takes = [] }: ExportFormat, option: FormatOption): void {
  if (takes.includes(option)) return;
  const able = EXPORT_FORMATS.filter((format) => format.takes?.includes(option));
  throw usage(
    "export",
    `--${option} is not for ${names[0]}; ${able.map((format) => format.names[0]).join(", ")} ${able.length === 1 ? "takes" : "take"} it`,
  );
}

function subjectOf(record: RunRecord, objects: InstanceSource, corrected: boolean): ExportSubject {
  const { slide, mpp, model, key } = record;
  return {
    objects,
    task: taskNamed(record.task),
    slide: {
      name: slide.name,
      width: slide.width,
      height: slide.height,
      mpp: mpp.slide,
      gridMpp: mpp.used,
      bounds: slide.bounds ?? null,
    },
    model: model.name,
    provenance: {
      modelSha256: model.sha256,
      micrometersPerPixel: mpp.slide,
      runKey: key,
      ...(corrected ? { corrected } : {}),
    },
  };
}

function describe({ path, objects, bytes, beside }: ExportedFile): string {
  const size = bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  if (beside) return `${path}: ${size}`;
  return `${path}: ${objects} ${objects === 1 ? "object" : "objects"}, ${size}`;
}
