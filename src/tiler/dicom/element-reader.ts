import type { CorruptSlideError } from "../../errors.ts";
import { type ByteSource, requireRange } from "../byte-source.ts";
import { MAX_DICOM_ELEMENTS } from "../limits.ts";
import { damagedDicom } from "./damaged.ts";

/** Where one data element or item lies in the file. */
export interface ElementSpan {
  /** "xGGGGEEEE", as dicom-parser has it. */
  readonly tag: string;
  /** Two letters; "" where the VR is implicit. */
  readonly vr: string;
  /** Of the tag itself. */
  readonly start: number;
  /** Of the value. */
  readonly offset: number;
  /** Bytes of the value; null for undefined length. */
  readonly length: number | null;
}

const UNDEFINED_LENGTH = 0xffffffff;
/** VRs with two reserved bytes and four of length; PS3.5 table 7.1-1. */
const LONG_VRS = new Set("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" "));
const ITEM = "xfffee000";
const ITEM_END = "xfffee00d";
const SEQUENCE_END = "xfffee0dd";
/** Sequences within sequences: real ones are four or five deep. */
const MAX_DEPTH = 24;
/** Bytes fetched at once: few for a look, more on a long walk. */
const WINDOW = { first: 8 * 1024, most: 256 * 1024 } as const;

/**
 * Walks over data elements without reading their values: a header of any length costs one window of
 * memory. What is inside a wanted element is left to dicom-parser; this finds where it begins and ends.
 *
 * Throws CorruptSlideError for what is no element, lies beyond the file's end or is nested too deep.
 */
export class ElementReader {
  readonly #source: ByteSource;
  #window: Uint8Array = new Uint8Array(0);
  #windowAt = 0;
  #windowSize: number = WINDOW.first;
  #seen = 0;
  /** Where the next element begins. */
  position: number;

  constructor(source: ByteSource, position: number) {
    this.#source = source;
    this.position = position;
  }

  /** The next element's header, its value not skipped; null at `end` or the end of the file. */
  async next(explicit: boolean, end = this.#source.size): Promise<ElementSpan | null> {
    if (this.position >= end) return null;
    const start = this.position;
    const tag = this.#tag(await this.bytes(start, 8));
    if (++this.#seen > MAX_DICOM_ELEMENTS) {
      throw this.#corrupt(`it holds more than ${MAX_DICOM_ELEMENTS} elements before its pixels`);
    }
    // Items and delimiters have no VR.
    if (!explicit || tag.startsWith("xfffe")) {
      return this.#span(tag, "", start, start + 8, uint32(await this.bytes(start + 4, 4)));
    }
    const vr = ascii(await this.bytes(start + 4, 2));
    if (!/^[A-Z]{2}$/.test(vr)) {
      throw this.#corrupt(`the element ${tag.slice(1)} at byte ${start} has no VR that is one`);
    }
    if (!LONG_VRS.has(vr)) {
      return this.#span(tag, vr, start, start + 8, uint16(await this.bytes(start + 6, 2)));
    }
    return this.#span(tag, vr, start, start + 12, uint32(await this.bytes(start + 8, 4)));
  }

  /** Goes to the element's end and returns where that is. */
  async skip(element: ElementSpan, explicit: boolean, depth = 0): Promise<number> {
    this.position = element.offset;
    if (element.length === null) {
      // PS3.5 6.2.2: UN of undefined length holds an implicit VR sequence.
      for await (const _ of this.items(element, explicit && element.vr !== "UN", depth));
    } else {
      this.position += element.length;
    }
    return this.position;
  }

  /** The items of a sequence, one after the other, each with its length found out. */
  async *items(
    sequence: ElementSpan,
    explicit: boolean,
    depth = 0,
  ): AsyncGenerator<ElementSpan & { readonly length: number }> {
    if (depth > MAX_DEPTH) throw this.#corrupt(`its sequences are more than ${MAX_DEPTH} deep`);
    this.position = sequence.offset;
    const end = sequence.length === null ? this.#source.size : sequence.offset + sequence.length;
    for (;;) {
      const item = await this.next(false, end);
      if (!item) {
        if (sequence.length !== null) return;
        throw this.#corrupt(`the sequence ${sequence.tag.slice(1)} has no end`);
      }
      if (item.tag === SEQUENCE_END) {
        this.position = item.offset;
        return;
      }
      if (item.tag !== ITEM) {
        throw this.#corrupt(
          `the sequence ${sequence.tag.slice(1)} holds ${item.tag.slice(1)} at byte ${item.start} where an item was expected`,
        );
      }
      const { length, after } =
        item.length === null
          ? await this.#itemEnd(item, explicit, depth)
          : { length: item.length, after: item.offset + item.length };
      yield { ...item, length };
      this.position = after;
    }
  }

  /** Walks to the delimiter of an item of undefined length. */
  async #itemEnd(
    item: ElementSpan,
    explicit: boolean,
    depth: number,
  ): Promise<{ length: number; after: number }> {
    this.position = item.offset;
    for (;;) {
      const element = await this.next(explicit);
      if (!element) throw this.#corrupt(`the item at byte ${item.start} has no end`);
      if (element.tag === ITEM_END) {
        return { length: element.start - item.offset, after: element.offset };
      }
      await this.skip(element, explicit, depth + 1);
    }
  }

  #span(tag: string, vr: string, start: number, offset: number, raw: number): ElementSpan {
    const length = raw === UNDEFINED_LENGTH ? null : raw;
    if (length !== null) {
      requireRange(this.#source, offset, length, `the element ${tag.slice(1)}`);
    }
    this.position = offset;
    return { tag, vr, start, offset, length };
  }

  /** Bytes of the file, from the window that is walked over where they lie in it. */
  async bytes(at: number, length: number): Promise<Uint8Array> {
    const from = at - this.#windowAt;
    if (from >= 0 && from + length <= this.#window.length) {
      return this.#window.subarray(from, from + length);
    }
    requireRange(this.#source, at, length, "a data element");
    this.#window = await this.#source.fetch(
      at,
      Math.min(Math.max(length, this.#windowSize), this.#source.size - at),
    );
    this.#windowAt = at;
    this.#windowSize = Math.min(WINDOW.most, this.#windowSize * 2);
    return this.#window.subarray(0, length);
  }

  #tag(bytes: Uint8Array): string {
    const hex = (value: number) => value.toString(16).padStart(4, "0");
    return `x${hex(uint16(bytes))}${hex(uint16(bytes.subarray(2)))}`;
  }

  #corrupt(what: string): CorruptSlideError {
    return damagedDicom(this.#source.path, what);
  }
}

function uint16(bytes: Uint8Array): number {
  return bytes[0]! | (bytes[1]! << 8);
}

function uint32(bytes: Uint8Array): number {
  return (uint16(bytes) | (uint16(bytes.subarray(2)) << 16)) >>> 0;
}

function ascii(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
