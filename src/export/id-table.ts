import { isUuid } from "./check-feature.ts";

const FIRST_SLOTS = 1024;
/** Words of 32 bits an id takes up. */
const WORDS = 4;

/** Numbers UUIDs in the order they come, in some 30 bytes each: millions fit where strings would not. */
export class IdTable {
  #words = new Uint32Array(FIRST_SLOTS * WORDS);
  /** Slot → number + 1; 0 where it is free. */
  #slots = new Uint32Array(FIRST_SLOTS * 2);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The id's number, or −1. */
  find(id: string): number {
    return this.#slots[this.#slotOf(wordsOf(id))]! - 1;
  }

  /** Gives an id the next number; returns the one it has, and whether it is new. */
  add(id: string): { readonly number: number; readonly isNew: boolean } {
    const words = wordsOf(id);
    const slot = this.#slotOf(words);
    const known = this.#slots[slot]! - 1;
    if (known >= 0) return { number: known, isNew: false };
    const number = this.#size++;
    if (this.#words.length < this.#size * WORDS) {
      const larger = new Uint32Array(this.#words.length * 2);
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words.set(words, number * WORDS);
    this.#slots[slot] = number + 1;
    if (this.#size * 3 > this.#slots.length * 2) this.#grow();
    return { number, isNew: true };
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let number = 0; number < this.#size; number++) {
      const words = this.#words.subarray(number * WORDS, number * WORDS + WORDS);
      this.#slots[this.#slotOf(words)] = number + 1;
    }
  }

  #slotOf(words: ArrayLike<number>): number {
    let hash = 0;
    for (let w = 0; w < WORDS; w++) hash = Math.imul(hash ^ words[w]!, 0x9e3779b1) ^ (hash >>> 15);
    // The low bits pick the slot: without this, ids that differ in their last high bits alone would share one.
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash ^= hash >>> 13;
    const mask = this.#slots.length - 1;
    for (let slot = (hash >>> 0) & mask; ; slot = (slot + 1) & mask) {
      const at = (this.#slots[slot]! - 1) * WORDS;
      if (at < 0) return slot;
      let same = true;
      for (let w = 0; w < WORDS; w++) same &&= this.#words[at + w] === words[w];
      if (same) return slot;
    }
  }
}

/** The 128 bits of a UUID; short groups are filled up with zeros in front, as Java reads them. */
function wordsOf(id: string): Uint32Array {
  if (!isUuid(id)) throw new RangeError("an id that is no UUID");
  const [a, b, c, d, e] = id.split("-") as [string, string, string, string, string];
  const tail = e.padStart(12, "0");
  return Uint32Array.of(
    Number.parseInt(a, 16),
    Number.parseInt(b.padStart(4, "0") + c.padStart(4, "0"), 16),
    Number.parseInt(d.padStart(4, "0") + tail.slice(0, 4), 16),
    Number.parseInt(tail.slice(4), 16),
  );
}
