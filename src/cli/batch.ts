import { basename, resolve } from "node:path";
import { toErrorRecord } from "../errors.ts";
import { segmentSlide } from "../pipeline/segment-slide.ts";
import { runFolderName } from "../store/run-folder.ts";
import { Arguments, type Command, type Terminal, usage } from "./command.ts";
import { type BatchItem, listSlides } from "./list-slides.ts";
import { endProgressLine, formatSeconds } from "./progress-line.ts";
import { SEGMENT_HELP, SEGMENT_OPTIONS, segmentOptions } from "./segment.ts";

/** One line of the table at the end. */
interface BatchRow {
  readonly slide: string;
  readonly outcome: "done" | "already done" | "no tissue" | "fell short" | "failed";
  readonly objects: number | null;
  readonly areaMm2: number | null;
  readonly seconds: number;
  readonly why: string;
}

export const batchCommand: Command = {
  name: "batch",
  summary: "segment every slide of a folder or manifest, one after the other",
  usage: `<folder | manifest.csv> --task nuclei|tissue|tumor --out <dir>

A manifest has a column slide (paths relative to it) and may have a column mpp.
A folder that holds the DICOM files of one slide counts as one slide, itself or within.
Slides that are done are skipped; one that fails does not stop the others.

${SEGMENT_HELP}`,
  async run(args, terminal) {
    const parsed = Arguments.parse("batch", args, SEGMENT_OPTIONS, [1, 1]);
    const prompts = parsed.string("prompts");
    if (prompts !== undefined && prompts !== "auto" && prompts !== "grid") {
      throw usage(
        "batch",
        `--prompts ${prompts}: a file holds the prompts of one slide; use microtome segment`,
      );
    }
    const items = await listSlides(parsed.positionals[0]!, terminal);
    refuseSharedFolders(items, parsed.required("task"));
    const rows: BatchRow[] = [];
    for (const [index, item] of items.entries()) {
      const label = `[${index + 1}/${items.length}] ${basename(resolve(item.slide))}`;
      const row = await segmentOne(parsed, item, label, terminal);
      rows.push(row);
      terminal.stderr.write(`${label}: ${row.outcome}\n`);
    }
    terminal.stdout.write(
      parsed.boolean("json") ? `${JSON.stringify({ slides: rows })}\n` : `${formatTable(rows)}\n`,
    );
    return rows.every((row) => row.why === "") ? 0 : 1;
  },
};

/** Two slides of one stem would replace each other's run. */
function refuseSharedFolders(items: readonly BatchItem[], task: string): void {
  const owners = new Map<string, string>();
  for (const { slide } of items) {
    const folder = runFolderName(slide, task);
    const owner = owners.get(folder);
    if (owner !== undefined) {
      throw usage(
        "batch",
        `${owner} and ${slide} would share the run folder ${folder}; rename one, or run them with different --out`,
      );
    }
    owners.set(folder, slide);
  }
}

async function segmentOne(
  parsed: Arguments,
  item: BatchItem,
  label: string,
  terminal: Terminal,
): Promise<BatchRow> {
  const started = performance.now();
  const options = segmentOptions(parsed, item.slide, terminal, label);
  const mpp = options.mpp ?? item.mpp;
  try {
    // Finished slides are always skipped; only unfinished ones ask for --resume.
    const result = await segmentSlide({
      ...options,
      skipFinished: true,
      ...(mpp === null ? {} : { mpp }),
    });
    const { counts, areaMm2, patches, tissue } = result.record;
    const short = patches.failed > 0;
    const settled = result.unchanged ? "already done" : "done";
    return {
      slide: item.slide,
      outcome: short ? "fell short" : tissue.notice ? "no tissue" : settled,
      objects: counts.objects,
      areaMm2,
      seconds: (performance.now() - started) / 1000,
      why: short ? `${patches.failed} of ${patches.planned} patches failed` : "",
    };
  } catch (error) {
    const { code, message } = toErrorRecord(error);
    if (stopsTheBatch(code)) throw error;
    return {
      slide: item.slide,
      outcome: "failed",
      objects: null,
      areaMm2: null,
      seconds: (performance.now() - started) / 1000,
      why: `error[${code}]: ${message}`,
    };
  } finally {
    endProgressLine(terminal);
  }
}

/** A fault of the command itself would repeat on every slide. */
function stopsTheBatch(code: string): boolean {
  return [
    "interrupted",
    "output-unwritable",
    "unknown-task",
    "model-not-found",
    "model-contract",
    "model-checksum",
    "provider-unavailable",
  ].includes(code);
}

function formatTable(rows: readonly BatchRow[]): string {
  const header = ["slide", "outcome", "objects", "mm²", "time", ""];
  const body = rows.map((row) => [
    basename(resolve(row.slide)),
    row.outcome,
    row.objects === null ? "–" : String(row.objects),
    row.areaMm2 === null ? "–" : row.areaMm2.toFixed(2),
    formatSeconds(row.seconds),
    row.why,
  ]);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...body.map((cells) => cells[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 5 ? cell : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd();
  const failed = rows.filter((row) => row.why !== "").length;
  const total = `${rows.length} slides, ${rows.length - failed} done, ${failed} with something missing`;
  return [line(header), ...body.map(line), total].join("\n");
}
