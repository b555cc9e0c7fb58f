import {
  ByteWriter,
  type ColumnSource,
  ParquetWriter,
  schemaFromColumnData,
} from "hyparquet-writer";
import { VERSION } from "../version.ts";
import { fixedTo } from "./decimal-bytes.ts";
import { describeSubject } from "./describe-subject.ts";
import type { ExportedFile, ExportSubject, ExportTarget } from "./format.ts";
import { NUMBER_COLUMNS, rowOf, type TableRow, TEXT_COLUMNS } from "./table-columns.ts";
import { writeWhole } from "./write-whole.ts";

/** Objects in a row group: what is held in memory at once, and what a reader can pass over. */
const GROUP = 1 << 14;

/**
 * Writes one row an object as Parquet (Snappy), a row group at a time.
 *
 * The key-value metadata hold `microtome`, where the objects come from, and `microtome.columns`, what
 * each column is, both as JSON. Numbers are rounded as in the other formats; what has no value is
 * null. Throws MicrotomeError `output-unwritable`.
 */
export async function writeParquet(
  subject: ExportSubject,
  { path }: ExportTarget,
): Promise<ExportedFile[]> {
  let objects = 0;
  async function* chunks(): AsyncGenerator<Uint8Array, void, void> {
    const bytes = new ByteWriter();
    const writer = new ParquetWriter({
      writer: bytes,
      schema: schemaFromColumnData({ columnData: new Group().columns }),
      kvMetadata: [
        { key: "microtome", value: JSON.stringify(describeSubject(subject)) },
        { key: "microtome.columns", value: JSON.stringify(descriptions()) },
      ],
      createdBy: `microtome ${VERSION}`,
    });
    const take = (): Uint8Array => {
      const chunk = bytes.getBytes().slice();
      bytes.index = 0;
      return chunk;
    };
    let group = new Group();
    for await (const instance of subject.objects.all()) {
      group.add(rowOf(instance, subject));
      objects++;
      if (group.rows < GROUP) continue;
      await writer.write({ columnData: group.columns, rowGroupSize: GROUP });
      group = new Group();
      yield take();
    }
    await writer.write({ columnData: group.columns, rowGroupSize: GROUP });
    await writer.finish();
    yield take();
  }
  const bytes = await writeWhole(path, chunks());
  return [{ path, bytes, objects }];
}

const AS_THEY_ARE = { encoding: "PLAIN", codec: "UNCOMPRESSED", statistics: false } as const;

/** The values of a row group, column by column; the objects themselves are not kept. */
class Group {
  rows = 0;
  readonly #texts: readonly string[][] = TEXT_COLUMNS.map(() => []);
  readonly #numbers: readonly (number | null)[][] = NUMBER_COLUMNS.map(() => []);

  add(row: TableRow): void {
    this.rows++;
    for (const [c, { of }] of TEXT_COLUMNS.entries()) this.#texts[c]!.push(of(row));
    for (const [c, { decimals, of }] of NUMBER_COLUMNS.entries()) {
      const value = of(row);
      this.#numbers[c]!.push(Number.isFinite(value) ? fixedTo(value, decimals) : null);
    }
  }

  get columns(): ColumnSource[] {
    return [
      ...TEXT_COLUMNS.map(({ name }, c): ColumnSource => {
        const column = { name, type: "STRING", nullable: false, data: this.#texts[c]! } as const;
        // Ids are all different: neither a dictionary nor Snappy makes them shorter.
        return name === "id" ? { ...column, ...AS_THEY_ARE } : column;
      }),
      ...NUMBER_COLUMNS.map(({ name, decimals }, c): ColumnSource => {
        const data = this.#numbers[c]!;
        return decimals === 0
          ? { name, type: "INT32", nullable: false, data }
          : { name, type: "DOUBLE", nullable: true, data };
      }),
    ];
  }
}

function descriptions(): Readonly<Record<string, string>> {
  const all = [...TEXT_COLUMNS, ...NUMBER_COLUMNS];
  return Object.fromEntries(all.map(({ name, description }) => [name, description]));
}
