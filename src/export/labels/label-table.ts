import type { InstanceSource } from "../../store/instance-source.ts";
import { csvField } from "../csv.ts";
import { TextChunks } from "../text-bytes.ts";
import { writeWhole } from "../write-whole.ts";

/**
 * Writes which object a label is: a CSV of `label,id,class`, a line an object, labels from 1 in the
 * order of the source. Returns its bytes. Throws MicrotomeError `output-unwritable`.
 */
export async function writeLabelTable(
  path: string,
  source: InstanceSource,
  objectName: string,
): Promise<number> {
  async function* chunks(): AsyncGenerator<Uint8Array, void, void> {
    const text = new TextChunks();
    text.out.text("label,id,class\n");
    let label = 0;
    for await (const { id, classification } of source.all()) {
      text.out.text(`${++label},${csvField(id)},${csvField(classification ?? objectName)}\n`);
      if (text.full) yield text.take();
    }
    yield text.take();
  }
  return writeWhole(path, chunks());
}
