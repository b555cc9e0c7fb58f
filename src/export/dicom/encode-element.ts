/**
 * Single elements in explicit VR little endian, for what is too long or too often to go through dcmjs,
 * which holds a whole file in memory and takes milliseconds an item. PS3.5 7.1.2 and 7.5.
 */

const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;

/** Most bytes of a value: even, and below the mark of an undefined length. */
export const MAX_VALUE_BYTES = UNDEFINED_LENGTH - 1;

/** VRs whose length takes two bytes. */
const SHORT_VRS = new Set(["DS", "SL", "UL", "US"]);

/** The tag, VR and length of an element whose value follows. */
export function elementHead(tag: number, vr: string, length: number): Buffer {
  const isShort = SHORT_VRS.has(vr);
  const head = Buffer.alloc(isShort ? 8 : 12);
  writeTag(head, tag);
  head.write(vr, 4, "latin1");
  if (isShort) head.writeUInt16LE(length, 6);
  else head.writeUInt32LE(length, 8);
  return head;
}

/** An element of whole numbers, 16 or 32 bits by its VR. */
export function integers(tag: number, vr: "US" | "UL" | "SL", ...values: number[]): Buffer {
  const size = vr === "US" ? 2 : 4;
  const bytes = Buffer.alloc(values.length * size);
  values.forEach((value, i) => {
    if (vr === "SL") bytes.writeInt32LE(value, i * 4);
    else bytes.writeUIntLE(value, i * size, size);
  });
  return Buffer.concat([elementHead(tag, vr, bytes.length), bytes]);
}

/** An element of one decimal string. */
export function decimal(tag: number, value: number): Buffer {
  const text = decimalString(value);
  const bytes = Buffer.from(text.length % 2 === 0 ? text : `${text} `, "latin1");
  return Buffer.concat([elementHead(tag, "DS", bytes.length), bytes]);
}

/** A number in the 16 characters that a decimal string may have (PS3.5 6.2). */
export function decimalString(value: number): string {
  for (let digits = 15; digits > 1; digits--) {
    const text = String(Number(value.toPrecision(digits)));
    if (text.length <= 16) return text;
  }
  return "0";
}

/** A sequence whose items are whole. */
export function sequence(tag: number, ...items: Uint8Array[]): Buffer {
  return Buffer.concat([sequenceStart(tag), ...items.map(item), sequenceEnd()]);
}

/** An item of known length. */
export function item(content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  writeTag(head, ITEM);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
}

export function sequenceStart(tag: number): Buffer {
  return elementHead(tag, "SQ", UNDEFINED_LENGTH);
}

/** The start of an item whose content follows, up to {@link itemEnd}. */
export function itemStart(): Buffer {
  return delimiter(ITEM, UNDEFINED_LENGTH);
}

export function itemEnd(): Buffer {
  return delimiter(ITEM_END, 0);
}

export function sequenceEnd(): Buffer {
  return delimiter(SEQUENCE_END, 0);
}

function delimiter(tag: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  writeTag(bytes, tag);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

function writeTag(into: Buffer, tag: number): void {
  into.writeUInt16LE(tag >>> 16, 0);
  into.writeUInt16LE(tag & 0xffff, 2);
}
