import type { DataSet, Element } from "dicom-parser";

/** Values of a DICOM data set or sequence item by tag: absent, empty and unparsable ones are null. */
export class Attributes {
  readonly #dataSet: DataSet | null;

  constructor(dataSet: DataSet | null) {
    this.#dataSet = dataSet;
  }

  /** One value of a text; "" where there is none. */
  text(tag: string, index = 0): string {
    // dicom-parser fails over an index that is not there.
    const all = this.#dataSet?.string(tag) ?? "";
    return all.split("\\")[index]?.trim() ?? "";
  }

  /** A number written as text (IS, DS). */
  decimal(tag: string, index = 0): number | null {
    const text = this.text(tag, index);
    const value = Number(text.replace(",", "."));
    return text !== "" && Number.isFinite(value) ? value : null;
  }

  /** A binary whole number (US, UL, SL), told apart by its length. */
  integer(tag: string, index = 0): number | null {
    const element = this.#element(tag);
    if (!element) return null;
    const wide = element.vr === undefined ? element.length >= 4 : /^[US]L$/.test(element.vr);
    const value = wide ? this.#dataSet!.uint32(tag, index) : this.#dataSet!.uint16(tag, index);
    return value ?? null;
  }

  /** A 32-bit floating point number (FL). */
  float(tag: string): number | null {
    const element = this.#element(tag);
    return element && element.length >= 4 ? (this.#dataSet!.float(tag) ?? null) : null;
  }

  /** The bytes of a value, or null. */
  bytes(tag: string): Uint8Array | null {
    const element = this.#element(tag);
    if (!element) return null;
    const { byteArray } = this.#dataSet!;
    return byteArray.slice(element.dataOffset, element.dataOffset + element.length);
  }

  /** The items of a sequence. */
  items(tag: string): Attributes[] {
    const items = this.#dataSet?.elements[tag]?.items ?? [];
    return items.map((item) => new Attributes(item.dataSet ?? null));
  }

  /** The first item of a sequence; one without values where there is none. */
  item(tag: string): Attributes {
    return this.items(tag)[0] ?? new Attributes(null);
  }

  #element(tag: string): Element | null {
    const element = this.#dataSet?.elements[tag];
    return element && element.length > 0 ? element : null;
  }
}
