import type { Polygon } from "../geometry.ts";
import { UUID_NAMESPACE, uuidOfNamed } from "./uuid.ts";

const [SPACE, SEMICOLON, MINUS, POINT, ZERO] = [0x20, 0x3b, 0x2d, 0x2e, 0x30] as const;
/** Most bytes of a coordinate with its separator: sign, 16 digits, point. */
const LONGEST = 20;
/** Up to here integers have 32 bits. */
const MOST_INTEGER = 2 ** 31 - 1;

/** Namespace, seed and line feed, then the outline; grows to the longest outline that was seen. */
let text = new Uint8Array(4096);
/** What `text` begins with, and how long that is. */
let headSeed: string | null = null;
let headLength = 0;

/**
 * The id of an object: a UUID (version 5) of the seed and the outline, the same from run to run.
 *
 * Its name is the seed, a line feed, and the rings parted by `;`, each its coordinates in
 * hundredths at most, as JavaScript writes them, parted by spaces. Coordinates are multiples of 0.01.
 */
export function objectId(seed: string, { outer, holes }: Polygon): string {
  if (seed !== headSeed) writeHead(seed);
  let needed = headLength + LONGEST * outer.length;
  for (const hole of holes) needed += LONGEST * hole.length;
  if (text.length < needed) text = withRoom(text, 2 * needed);
  let at = writeRing(outer, headLength);
  for (const hole of holes) {
    text[at++] = SEMICOLON;
    at = writeRing(hole, at);
  }
  return uuidOfNamed(text.subarray(0, at));
}

function writeHead(seed: string): void {
  const head = Buffer.concat([UUID_NAMESPACE, Buffer.from(`${seed}\n`, "utf8")]);
  if (text.length < head.length) text = new Uint8Array(2 * head.length);
  text.set(head);
  headSeed = seed;
  headLength = head.length;
}

function withRoom(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const longer = new Uint8Array(length);
  longer.set(bytes);
  return longer;
}

/** Writes a ring as `join(" ")` would, which takes several times as long; returns where it ends. */
function writeRing(ring: readonly number[], from: number): number {
  const bytes = text;
  let at = from;
  for (let i = 0; i < ring.length; i++) {
    if (i > 0) bytes[at++] = SPACE;
    let hundredths = Math.round(ring[i]! * 100);
    if (hundredths < 0) {
      bytes[at++] = MINUS;
      hundredths = -hundredths;
    }
    if (hundredths > MOST_INTEGER) {
      at = writeLong(hundredths, at);
      continue;
    }
    // Integers are divided several times as fast as doubles.
    const units = hundredths | 0;
    const whole = (units / 100) | 0;
    let end = at + 1;
    for (let power = 10; power <= whole; power *= 10) end++;
    let left = whole;
    for (let k = end - 1; k >= at; k--) {
      const next = (left / 10) | 0;
      bytes[k] = ZERO + left - 10 * next;
      left = next;
    }
    at = end;
    const rest = units - 100 * whole;
    if (rest === 0) continue;
    bytes[at++] = POINT;
    const tenths = (rest / 10) | 0;
    bytes[at++] = ZERO + tenths;
    if (rest > 10 * tenths) bytes[at++] = ZERO + rest - 10 * tenths;
  }
  return at;
}

function writeLong(hundredths: number, at: number): number {
  const whole = Math.floor(hundredths / 100);
  const rest = hundredths - 100 * whole;
  const digits = rest === 0 ? "" : `.${String(rest).padStart(2, "0").replace(/0$/, "")}`;
  const written = Buffer.from(`${whole}${digits}`, "latin1");
  text.set(written, at);
  return at + written.length;
}
