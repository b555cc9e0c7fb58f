import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { VERSION } from "../../src/version.ts";
import { formatMachine, type Machine } from "./machine.ts";

/** Where benches keep what they make and what they find; git-ignored. */
export const BENCH_OUT = resolve(import.meta.dirname, "../../out/bench");

/** What a bench found. */
export interface BenchReport {
  /** The bench's name; its files are `<name>.json` and `<name>.md`. */
  readonly name: string;
  readonly title: string;
  readonly machine: Machine;
  /** Everything measured, for programs. */
  readonly results: unknown;
  readonly tables: readonly ReportTable[];
  /** Sentences that a reader of the tables needs. */
  readonly notes: readonly string[];
}

/** One table of a report; every row has a cell a column. */
export interface ReportTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Writes a report as JSON and as Markdown; returns the Markdown and both paths. */
export async function writeReport(
  report: BenchReport,
): Promise<{ readonly markdown: string; readonly paths: readonly string[] }> {
  await mkdir(BENCH_OUT, { recursive: true });
  const { tables, notes, title, ...facts } = report;
  const json = { ...facts, version: VERSION, finished: new Date().toISOString(), notes };
  const markdown = formatReport(report);
  const paths = [join(BENCH_OUT, `${report.name}.json`), join(BENCH_OUT, `${report.name}.md`)];
  await writeFile(paths[0]!, `${JSON.stringify(json, null, 2)}\n`);
  await writeFile(paths[1]!, markdown);
  return { markdown, paths };
}

function formatReport({ title, machine, tables, notes }: BenchReport): string {
  const parts = [`# ${title}`, formatMachine(machine)];
  for (const { caption, columns, rows } of tables) {
    const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
    parts.push(
      `**${caption}**`,
      [line(columns), line(columns.map(() => "---")), ...rows.map(line)].join("\n"),
    );
  }
  if (notes.length > 0) parts.push(notes.map((note) => `- ${note}`).join("\n"));
  return `${parts.join("\n\n")}\n`;
}
