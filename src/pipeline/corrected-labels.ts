import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { MicrotomeError } from "../errors.ts";
import { isUuid } from "../export/check-feature.ts";
import { isObject } from "../export/check-rules.ts";
import { type ObjectLabels, readLabel } from "../export/object-label.ts";
import { writeWhole } from "../export/write-whole.ts";
import { IMPORT_AGAIN } from "../store/corrected-names.ts";
import { LabelTable } from "./label-table.ts";

const FORMAT = 1;
/** A file of labels that microtome wrote is smaller, bytes: every object locked, and all the text there may be. */
const MOST_BYTES = 2 ** 30;
/** Lines are handed to the file in pieces of about this many characters. */
const PIECE = 1 << 18;
/** No label's line is longer, characters: 100 entries of metadata, of which six stand for one at worst. */
const LONGEST_LINE = 1 << 23;

/**
 * Writes what is said of a corrected set's objects, a line each: `{"id":…,"name":…,"isLocked":true,"metadata":{…},"color":[…]}`.
 *
 * The first line is `{"format":1,"runKey":…,"labels":N}`. Returns N, the objects that have a label. Throws MicrotomeError `output-unwritable`.
 */
export async function writeCorrectedLabels(
  path: string,
  runKey: string,
  ids: Iterable<string> | AsyncIterable<string>,
  labels: ObjectLabels,
): Promise<number> {
  const lines: string[] = [];
  for await (const id of ids) {
    const label = labels.get(id);
    if (label) lines.push(JSON.stringify({ id, ...label }));
  }
  function* chunks(): Generator<Uint8Array, void, void> {
    let text = `${JSON.stringify({ format: FORMAT, runKey, labels: lines.length })}\n`;
    for (const line of lines) {
      text += `${line}\n`;
      if (text.length < PIECE) continue;
      yield Buffer.from(text);
      text = "";
    }
    yield Buffer.from(text);
  }
  await writeWhole(path, asyncOf(chunks()));
  return lines.length;
}

/**
 * Reads what is said of a corrected set's objects; null where there is no such file, as beside corrections of earlier versions.
 *
 * Throws MicrotomeError `corrupt-file` where it is damaged or of another run.
 */
export async function readCorrectedLabels(
  path: string,
  runKey: string,
): Promise<LabelTable | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) return null;
  const refuse = (fault: string): never => {
    throw new MicrotomeError("corrupt-file", `${path}: found ${fault}; ${IMPORT_AGAIN}.`, { path });
  };
  if (found.size > MOST_BYTES) refuse(`${found.size} bytes, expected ${MOST_BYTES} at most`);
  const table = new LabelTable(path);
  let expected: unknown = null;
  let number = 0;
  for await (const line of linesOf(path, refuse)) {
    const value = parsed(line);
    number++;
    if (!isObject(value)) return refuse(`line ${number}, which is no JSON object`);
    if (number === 1) {
      if (value.format !== FORMAT || value.runKey !== runKey) {
        refuse("labels of another format or run");
      }
      expected = value.labels;
      continue;
    }
    const { label } = readLabel(value);
    if (!isUuid(value.id) || label === null) return refuse(`line ${number}, which is no label`);
    table.add(value.id, label);
  }
  if (table.size !== expected) refuse(`${table.size} labels where it speaks of ${expected}`);
  return table;
}

/** Lines that end in a line feed and nothing else: node:readline ends them at U+2028, too, which may be in a name, and does not bound them. */
async function* linesOf(
  path: string,
  refuse: (fault: string) => never,
): AsyncGenerator<string, void, void> {
  const texts = createReadStream(path, "utf8")[Symbol.asyncIterator]();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await texts.next().catch((error: NodeJS.ErrnoException) => {
        return refuse(`a file that cannot be read (${error.code ?? error.message})`);
      });
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop()!;
      if (rest.length > LONGEST_LINE) refuse(`a line of more than ${LONGEST_LINE} characters`);
      yield* lines;
    }
  } finally {
    await texts.return?.();
  }
  if (rest !== "") yield rest;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

async function* asyncOf<T>(items: Iterable<T>): AsyncGenerator<T, void, void> {
  yield* items;
}
