import { MicrotomeError } from "../errors.ts";

/** One line of a data set's index.tsv. */
export interface IndexEntry {
  /** Path of the image, relative to the index. */
  readonly image: string;
  /** Path of the label PNG, relative to the index. */
  readonly label: string;
  /** Pixels, or null where the index has no such column or the cell is empty. */
  readonly width: number | null;
  /** Pixels, or null. */
  readonly height: number | null;
  /** Objects the label holds, or null. */
  readonly instances: number | null;
  /** µm/px, or null where the index does not say a number (empty, "unknown", …). */
  readonly mpp: number | null;
  /** Line of the index, from 1. */
  readonly line: number;
}

/**
 * Reads an index.tsv: a header line, then one image a line, cells parted by tabs.
 *
 * Columns `image` and `label` are needed; `width`, `height`, `instances` and `mpp` are read where they
 * are; others are ignored, in any order. A µm/px that is not a positive number is unknown (null), never
 * an error: the caller asks for it.
 *
 * @param text the whole file
 * @param path names the file in messages
 * @throws MicrotomeError `corrupt-file`, naming file and line
 */
export function parseIndex(text: string, path: string): readonly IndexEntry[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const header = (lines[0] ?? "").split("\t").map((name) => name.trim().toLowerCase());
  for (const needed of ["image", "label"]) {
    if (!header.includes(needed)) {
      throw fault(
        path,
        1,
        `has columns ${header.join(", ") || "(none)"}; expected a tab-separated header with "${needed}"`,
      );
    }
  }
  const entries: IndexEntry[] = [];
  const seen = new Map<string, number>();
  lines.forEach((text, i) => {
    const line = i + 1;
    if (i === 0 || text.trim() === "") return;
    const cells = text.split("\t").map((value) => value.trim());
    const cell = (name: string): string => cells[header.indexOf(name)] ?? "";
    const [image, label] = [cell("image"), cell("label")];
    if (image === "" || label === "") {
      throw fault(path, line, `has no ${image === "" ? "image" : "label"}; expected a path`);
    }
    const earlier = seen.get(image);
    if (earlier !== undefined) {
      throw fault(path, line, `names ${image} again (first on line ${earlier}); expected it once`);
    }
    seen.set(image, line);
    const count = (name: string, least: number): number | null => {
      if (cell(name) === "") return null;
      const value = Number(cell(name));
      if (Number.isSafeInteger(value) && value >= least) return value;
      throw fault(path, line, `has ${name} "${cell(name)}"; expected a whole number from ${least}`);
    };
    entries.push({
      image,
      label,
      width: count("width", 1),
      height: count("height", 1),
      instances: count("instances", 0),
      mpp: mppOf(cell("mpp")),
      line,
    });
  });
  if (entries.length === 0) throw fault(path, 1, "lists no image; expected one a line");
  return entries;
}

function mppOf(cell: string): number | null {
  // Indexes written under some locales have a decimal comma.
  const value = cell === "" ? Number.NaN : Number(cell.replace(",", "."));
  return Number.isFinite(value) && value > 0 ? value : null;
}

function fault(path: string, line: number, what: string): MicrotomeError {
  return new MicrotomeError("corrupt-file", `${path}, line ${line}: ${what}. Mend the index.`, {
    path,
    line,
  });
}
