import { open } from "node:fs/promises";

/** Field types of TIFF that the writers here use. */
export const [BYTE, ASCII, SHORT, LONG, RATIONAL, SLONG, FLOAT] = [1, 2, 3, 4, 5, 9, 11] as const;
const BYTES: Readonly<Record<number, number>> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  9: 4,
  11: 4,
  16: 8,
};
const LONG8 = 16;

/** A tag's type and values; a rational is given as its numerator, over 1. */
export type Field = readonly [type: number, values: readonly number[] | string];

/** One directory: its tags, and blocks whose offsets and byte counts are put under `at` and `sizes`. */
export interface Directory {
  readonly tags: Readonly<Record<number, Field>>;
  readonly blocks: readonly Uint8Array[];
  /** Tags of the blocks' offsets and counts: strips' [273, 279] or tiles' [324, 325]. */
  readonly blockTags: readonly [number, number];
}

/** Classic TIFF, BigTIFF, or Hamamatsu's classic TIFF with high words after each directory. */
export type Layout = "classic" | "big" | "ndpi";

/** Everything after the header stands at `base` and further on: beyond 4 GiB if so asked (the file is sparse). */
export async function writeTiff(
  path: string,
  layout: Layout,
  directories: readonly Directory[],
  base = 16,
): Promise<void> {
  const file = await open(path, "w");
  try {
    let at = base;
    const put = async (bytes: Uint8Array): Promise<number> => {
      const offset = at;
      await file.write(bytes, 0, bytes.length, offset);
      at += bytes.length + (bytes.length % 2);
      return offset;
    };
    // Where the offset of the next directory is to be written: first in the header.
    let link = layout === "big" ? 8 : 4;
    const wide = layout !== "classic";
    const header = Buffer.alloc(link);
    header.write("II", 0, "latin1");
    header.writeUInt16LE(layout === "big" ? 43 : 42, 2);
    if (layout === "big") header.writeUInt16LE(8, 4);
    await file.write(header, 0, header.length, 0);
    for (const directory of directories) {
      const offsets: number[] = [];
      for (const block of directory.blocks) {
        offsets.push(block.length === 0 ? 0 : await put(block));
      }
      const long = layout === "big" ? LONG8 : LONG;
      const tags: Record<number, Field> = { ...directory.tags };
      if (offsets.length > 0) {
        tags[directory.blockTags[0]] ??= [long, offsets];
        tags[directory.blockTags[1]] ??= [LONG, directory.blocks.map((block) => block.length)];
      }
      const inline = layout === "big" ? 8 : 4;
      const entries: { head: Buffer; value: Buffer; high: number }[] = [];
      for (const [tag, [type, values]] of Object.entries(tags)) {
        const raw = encode(type, values);
        const count = raw.length / BYTES[type]!;
        const head = Buffer.alloc(layout === "big" ? 12 : 8);
        head.writeUInt16LE(Number(tag), 0);
        head.writeUInt16LE(type, 2);
        if (layout === "big") head.writeBigUInt64LE(BigInt(count), 4);
        else head.writeUInt32LE(count, 4);
        const value = Buffer.alloc(inline);
        let high = 0;
        if (raw.length <= inline && !(layout === "ndpi" && type === ASCII)) {
          raw.copy(value);
          const only = values[0];
          if (type === LONG && count === 1) high = Math.floor(Number(only) / 2 ** 32);
        } else {
          const offset = await put(raw);
          if (layout === "big") value.writeBigUInt64LE(BigInt(offset));
          else value.writeUInt32LE(offset % 2 ** 32);
          high = Math.floor(offset / 2 ** 32);
        }
        entries.push({ head, value, high });
      }
      const count = Buffer.alloc(layout === "big" ? 8 : 2);
      count.writeUInt16LE(entries.length);
      const body = Buffer.concat([count, ...entries.flatMap(({ head, value }) => [head, value])]);
      const tail = Buffer.alloc((wide ? 8 : 4) + (layout === "ndpi" ? entries.length * 4 : 0));
      if (layout === "ndpi") {
        for (const [i, { high }] of entries.entries()) tail.writeUInt32LE(high, 8 + i * 4);
      }
      const offset = await put(Buffer.concat([body, tail]));
      const pointer = Buffer.alloc(wide ? 8 : 4);
      if (wide) pointer.writeBigUInt64LE(BigInt(offset));
      else pointer.writeUInt32LE(offset);
      await file.write(pointer, 0, pointer.length, link);
      link = offset + body.length;
    }
  } finally {
    await file.close();
  }
}

function encode(type: number, values: readonly number[] | string): Buffer {
  if (typeof values === "string") return Buffer.from(`${values}\0`, "utf8");
  const size = BYTES[type]!;
  const raw = Buffer.alloc(values.length * size);
  values.forEach((value, i) => {
    const at = i * size;
    if (type === BYTE) raw.writeUInt8(value, at);
    else if (type === SHORT) raw.writeUInt16LE(value, at);
    else if (type === SLONG) raw.writeInt32LE(value, at);
    else if (type === FLOAT) raw.writeFloatLE(value, at);
    else if (type === LONG8) raw.writeBigUInt64LE(BigInt(value), at);
    else raw.writeUInt32LE(value % 2 ** 32, at);
    if (type === RATIONAL) raw.writeUInt32LE(1, at + 4);
  });
  return raw;
}
