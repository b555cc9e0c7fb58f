import type { Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import { MicrotomeError } from "../errors.ts";
import {
  type DicomListing,
  hasSlideEnding,
  listDicomSlides,
  SLIDE_ENDINGS,
} from "../tiler/slide-files.ts";
import { type Terminal, usage } from "./command.ts";

/** A slide of a batch, and its µm/px where the manifest gives one. */
export interface BatchItem {
  readonly slide: string;
  readonly mpp: number | null;
}

/** The slides of a folder by name, or of a manifest in its own order. */
export async function listSlides(
  path: string,
  terminal: Pick<Terminal, "stderr">,
): Promise<readonly BatchItem[]> {
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
      `${path} names no slide; expected files ending in ${SLIDE_ENDINGS.join(", ")}.`,
      { path },
    );
  }
  return items;
}

async function listFolder(
  folder: string,
  terminal: Pick<Terminal, "stderr">,
): Promise<BatchItem[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  // "._slide.svs" is what macOS leaves beside slide.svs on foreign disks.
  const names = entries.filter((entry) => !entry.name.startsWith("."));
  const inFolders = new Map<string, readonly string[]>();
  for (const { name } of names.filter((entry) => entry.isDirectory())) {
    const found = await dicomOf(join(folder, name));
    if (found.slides.length > 0) inFolders.set(name, found.slides);
  }
  const dicom = await listDicomSlides(
    folder,
    names.filter((entry) => !entry.isDirectory()).map((entry) => entry.name),
  );
  const isSlide = (entry: Dirent) =>
    !entry.isDirectory() && !dicom.files.has(entry.name) && hasSlideEnding(entry.name);
  const passed = names
    .filter((entry) => !isSlide(entry) && !inFolders.has(entry.name))
    .map((entry) => entry.name)
    .filter((name) => !dicom.files.has(name) || dicom.others.includes(name));
  if (passed.length > 0) {
    const some = passed.slice(0, 5).join(", ");
    terminal.stderr.write(
      `note: ${passed.length} entries of ${folder} are no slides or are folders, and are passed over: ${some}${passed.length > 5 ? ", …" : ""}\n`,
    );
  }
  return [
    ...names.filter(isSlide).map((entry) => join(folder, entry.name)),
    ...dicom.slides,
    ...[...inFolders.values()].flat(),
  ]
    .sort()
    .map((slide) => ({ slide, mpp: null }));
}

/** The DICOM slides of a folder within; none where it cannot be read. */
async function dicomOf(folder: string): Promise<DicomListing> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."));
  return listDicomSlides(
    folder,
    files.map((entry) => entry.name),
  );
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
