/** TIFF field types (TIFF 6.0; LONG8 and IFD8 of BigTIFF). */
export const TYPE = {
  ASCII: 2,
  SHORT: 3,
  LONG: 4,
  RATIONAL: 5,
  UNDEFINED: 7,
  LONG8: 16,
  IFD8: 18,
} as const;

const BYTES: Readonly<Record<number, number>> = { 2: 1, 3: 2, 4: 4, 5: 4, 7: 1, 16: 8, 18: 8 };

/** One field of a directory; a RATIONAL's values are numerator, denominator, … */
export interface TiffField {
  readonly tag: number;
  readonly type: (typeof TYPE)[keyof typeof TYPE];
  readonly values: readonly number[];
}

/** The file header, little-endian, that points to the first directory. */
export function encodeHeader(big: boolean, firstDirectory: number): Buffer {
  const header = Buffer.alloc(big ? 16 : 8);
  header.write("II", 0, "latin1");
  header.writeUInt16LE(big ? 43 : 42, 2);
  if (big) {
    header.writeUInt16LE(8, 4);
    header.writeBigUInt64LE(BigInt(firstDirectory), 8);
  } else {
    header.writeUInt32LE(firstDirectory, 4);
  }
  return header;
}

/**
 * A directory and the values that do not fit into its entries, as one block to be written at
 * `position`. Unless it is the last it points to the byte right behind itself.
 */
export function encodeDirectory(
  fields: readonly TiffField[],
  position: number,
  big: boolean,
  last: boolean,
): Buffer {
  const word = big ? 8 : 4;
  const entry = big ? 20 : 12;
  const countBytes = big ? 8 : 2;
  const tableEnd = countBytes + fields.length * entry + word;
  const table = Buffer.alloc(tableEnd);
  const extras: Buffer[] = [];
  let extraAt = tableEnd;
  if (big) table.writeBigUInt64LE(BigInt(fields.length), 0);
  else table.writeUInt16LE(fields.length, 0);
  fields.forEach((field, i) => {
    const at = countBytes + i * entry;
    const bytes = encodeValues(field);
    const count = field.type === TYPE.RATIONAL ? field.values.length / 2 : field.values.length;
    table.writeUInt16LE(field.tag, at);
    table.writeUInt16LE(field.type, at + 2);
    writeWord(table, count, at + 4, big);
    if (bytes.length <= word) {
      bytes.copy(table, at + 4 + word);
      return;
    }
    writeWord(table, position + extraAt, at + 4 + word, big);
    const padded = Buffer.alloc(bytes.length + (bytes.length % 2));
    bytes.copy(padded);
    extras.push(padded);
    extraAt += padded.length;
  });
  writeWord(table, last ? 0 : position + extraAt, tableEnd - word, big);
  return Buffer.concat([table, ...extras]);
}

function writeWord(into: Buffer, value: number, at: number, big: boolean): void {
  if (big) into.writeBigUInt64LE(BigInt(value), at);
  else into.writeUInt32LE(value, at);
}

function encodeValues(field: TiffField): Buffer {
  const size = BYTES[field.type]!;
  const out = Buffer.alloc(size * field.values.length);
  field.values.forEach((value, i) => {
    if (size === 8) out.writeBigUInt64LE(BigInt(value), i * 8);
    else out.writeUIntLE(value, i * size, size);
  });
  return out;
}
