import type { Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { MicrotomeError, toErrorRecord } from "../errors.ts";
import { segmentSlide } from "../pipeline/segment-slide.ts";
import { runFolderName } from "../store/run-folder.ts";
import { Arguments, type Command, type Terminal, usage } from "./command.ts";
import { endProgressLine, formatSeconds } from "./progress-line.ts";
import { SEGMENT_HELP, SEGMENT_OPTIONS, segmentOptions } from "./segment.ts";

/** Endings of slides, those that are not read yet among them: they are refused by name, not passed over. */
const SLIDE_ENDINGS = new Set(
  ".svs .tif .tiff .btf .png .jpg .jpeg .ndpi .mrxs .scn .bif .vms .vmu .svslide .qptiff .czi .dcm".split(
    " ",
  ),
);

/** One line of the table at the end. */
interface BatchRow {
  readonly slide: string;
  readonly outcome: "done" | "already done" | "fell short" | "failed";
  readonly objects: number | null;
  readonly areaMm2: number | null;
  readonly seconds: number;
  readonly why: string;
}

interface BatchItem {
  readonly slide: string;
  readonly mpp: number | null;
}

export const batchCommand: Command = {
  name: "batch",
  summary: "segment every slide of a folder or manifest, one after the other",
  usage: `<folder | manifest.csv> --task nuclei|tissue|tumor --out <dir>

A manifest has a column slide (paths relative to it) and may have a column mpp.
Slides that are done are skipped; one that fails does not stop the others.

${SEGMENT_HELP}`,
  async run(args, terminal) {
    const parsed = Arguments.parse("batch", args, SEGMENT_OPTIONS, [1, 1]);
    const items = await listSlides(parsed.positionals[0]!, terminal);
    refuseSharedFolders(items, parsed.required("task"));
    const rows: BatchRow[] = [];
    for (const [index, item] of items.entries()) {
      const label = `[${index + 1}/${items.length}] ${basename(item.slide)}`;
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
    const { counts, areaMm2, patches } = result.record;
    const short = patches.failed > 0;
    return {
      slide: item.slide,
      outcome: short ? "fell short" : result.unchanged ? "already done" : "done",
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
  ].includes(code);
}

/** The slides of a folder by name, or of a manifest in its own order. */
async function listSlides(path: string, terminal: Terminal): Promise<readonly BatchItem[]> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new MicrotomeError(
      "input-not-found",
      `${path} cannot be read (${error.code}); expected a folder of slides or a manifest.csv.`,
      { path },
      error,
    );
  });
  if (!info.isDirectory() && extname(path).toLowerCase() !== ".csv") {
    throw usage("batch", `${path} is neither a folder nor a manifest ending in .csv`);
  }
  const items = info.isDirectory() ? await listFolder(path, terminal) : await readManifest(path);
  if (items.length === 0) {
    throw new MicrotomeError(
      "input-not-found",
      `${path} names no slide; expected files ending in ${[...SLIDE_ENDINGS].join(", ")}.`,
      { path },
    );
  }
  return items;
}

async function listFolder(folder: string, terminal: Terminal): Promise<BatchItem[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  // "._slide.svs" is what macOS leaves beside slide.svs on foreign disks.
  const names = entries.filter((entry) => !entry.name.startsWith("."));
  const isSlide = (entry: Dirent) =>
    !entry.isDirectory() && SLIDE_ENDINGS.has(extname(entry.name).toLowerCase());
  const passed = names.filter((entry) => !isSlide(entry)).map((entry) => entry.name);
  if (passed.length > 0) {
    const some = passed.slice(0, 5).join(", ");
    terminal.stderr.write(
      `note: ${passed.length} entries of ${folder} are no slides or are folders, and are passed over: ${some}${passed.length > 5 ? ", …" : ""}\n`,
    );
  }
  return names
    .filter(isSlide)
    .map((entry) => entry.name)
    .sort()
    .map((name) => ({ slide: join(folder, name), mpp: null }));
}

async function readManifest(path: string): Promise<BatchItem[]> {
  const lines = (await readFile(path, "utf8")).replace(/^\uFEFF/, "").split(/\r?\n/);
  const header = splitCsv(lines[0] ?? "").map((name) => name.toLowerCase());
  const slideColumn = header.indexOf("slide");
  const mppColumn = header.indexOf("mpp");
  if (slideColumn < 0) {
    throw new MicrotomeError(
      "corrupt-file",
      `${path}: the first line has the columns ${header.join(", ") || "(none)"}; expected a column named slide.`,
      { path },
    );
  }
  const items: BatchItem[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === "") continue;
    const cells = splitCsv(line);
    const slide = cells[slideColumn];
    const mppText = mppColumn < 0 ? "" : (cells[mppColumn] ?? "");
    const mpp = mppText === "" ? null : Number(mppText);
    if (!slide || (mpp !== null && !(mpp > 0))) {
      throw new MicrotomeError(
        "corrupt-file",
        `${path}, line ${index + 1}: found "${line}"; expected a slide's path${mppColumn < 0 ? "" : " and a µm/px above 0 or nothing"}.`,
        { path, line: index + 1 },
      );
    }
    items.push({ slide: resolve(dirname(path), slide), mpp });
  }
  return items;
}

/** One line of RFC 4180 CSV without line breaks inside quotes. */
function splitCsv(line: string): string[] {
  const cells = line.match(/("([^"]|"")*"|[^,]*)(,|$)/g) ?? [];
  return cells
    .slice(0, line.endsWith(",") ? undefined : Math.max(1, cells.length - 1))
    .map((cell) => cell.replace(/,$/, "").trim())
    .map((cell) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell));
}

function formatTable(rows: readonly BatchRow[]): string {
  const header = ["slide", "outcome", "objects", "mm²", "time", ""];
  const body = rows.map((row) => [
    basename(row.slide),
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
