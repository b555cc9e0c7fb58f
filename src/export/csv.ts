import { LONGEST_NUMBER, putFixed } from "./decimal-bytes.ts";
import { describeSubject } from "./describe-subject.ts";
import type { ExportedFile, ExportSubject, ExportTarget } from "./format.ts";
import { NUMBER_COLUMNS, rowOf, TEXT_COLUMNS } from "./table-columns.ts";
import { type TextBytes, TextChunks } from "./text-bytes.ts";
import { writeWhole } from "./write-whole.ts";

const COMMA = 0x2c;

/**
 * Writes one row an object, RFC 4180 (CRLF, a header of names, quotes where they are needed), UTF-8.
 *
 * What has no value is an empty field. The columns are told in `FILE.csv.json` beside it, with where
 * the objects come from: a comment in the table itself would be read as data. Throws MicrotomeError
 * `output-unwritable`.
 */
export async function writeCsv(
  subject: ExportSubject,
  { path }: ExportTarget,
): Promise<ExportedFile[]> {
  let objects = 0;
  async function* chunks(): AsyncGenerator<Uint8Array, void, void> {
    const text = new TextChunks();
    const names = [...TEXT_COLUMNS, ...NUMBER_COLUMNS].map(({ name }) => name);
    text.out.text(`${names.join(",")}\r\n`);
    for await (const instance of subject.objects.all()) {
      const row = rowOf(instance, subject);
      text.out.text(TEXT_COLUMNS.map((column) => csvField(column.of(row))).join(","));
      for (const { decimals, of } of NUMBER_COLUMNS) putField(of(row), decimals, text.out);
      text.out.text("\r\n");
      objects++;
      if (text.full) yield text.take();
    }
    yield text.take();
  }
  const bytes = await writeWhole(path, chunks());
  const beside = `${path.replace(/\.gz$/i, "")}.json`;
  const columns = [...TEXT_COLUMNS, ...NUMBER_COLUMNS].map(({ name, description }) => ({
    name,
    description,
  }));
  const about = { ...describeSubject(subject), objects, columns };
  async function* words(): AsyncGenerator<Uint8Array, void, void> {
    yield Buffer.from(`${JSON.stringify(about, null, 2)}\n`);
  }
  return [
    { path, bytes, objects },
    { path: beside, bytes: await writeWhole(beside, words()), objects: 0, beside: true },
  ];
}

function putField(value: number, decimals: number, out: TextBytes): void {
  out.room(LONGEST_NUMBER + 1);
  out.bytes[out.length++] = COMMA;
  if (Number.isFinite(value)) out.length = putFixed(out, out.length, value, decimals);
}

/**
 * Text as a field. Text that a spreadsheet would take for a formula gets an apostrophe before it
 * (OWASP, "CSV Injection"): names of classes come from models and files of others.
 */
export function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
