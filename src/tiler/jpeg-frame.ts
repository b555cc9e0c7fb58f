import type { Size } from "../geometry.ts";

/** What a JPEG says before its first scan. */
export interface JpegFrame {
  /** From SOI through the SOS segment: what stands before the coded data. */
  readonly header: Uint8Array;
  /** Where in `header` the frame's height and width stand, two bytes each. */
  readonly sizeAt: number;
  /** Pixels; 0 where the picture is too large for the field. */
  readonly size: Size;
  /** Pixels that one MCU covers. */
  readonly mcu: Size;
  /** MCUs between restart markers; 0 where there are none. */
  readonly restartInterval: number;
  /** One scan of all components, so that its intervals can be decoded alone. */
  readonly sequential: boolean;
}

const SOS = 0xda;
const DRI = 0xdd;

/** Reads the header of a JPEG (ITU-T T.81, annex B), or null where `bytes` hold no whole one. */
export function parseJpegFrame(bytes: Uint8Array): JpegFrame | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  let frame: Omit<JpegFrame, "header" | "restartInterval"> | null = null;
  let components = 0;
  let restartInterval = 0;
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++; // A fill byte.
      continue;
    }
    const end = at + 2 + word(at + 2);
    if (end > bytes.length || end < at + 4) return null;
    if (isFrame(marker)) {
      components = bytes[at + 9] ?? 0;
      const mcu = mcuSize(bytes.subarray(at + 10, end), components);
      if (!mcu) return null;
      frame = {
        sizeAt: at + 5,
        size: { height: word(at + 5), width: word(at + 7) },
        mcu,
        sequential: marker === 0xc0 || marker === 0xc1,
      };
    } else if (marker === DRI) {
      restartInterval = end === at + 6 ? word(at + 4) : 0;
    } else if (marker === SOS) {
      if (!frame) return null;
      const sequential = frame.sequential && bytes[at + 4] === components;
      return { ...frame, sequential, restartInterval, header: bytes.slice(0, end) };
    }
    at = end;
  }
  return null;
}

/** SOF0 to SOF15, less DHT, JPG and DAC, which lie among them. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function mcuSize(specifications: Uint8Array, components: number): Size | null {
  if (components < 1 || specifications.length < components * 3) return null;
  // A scan of one component is not interleaved: its MCU is one block whatever the sampling says.
  if (components === 1) return { width: 8, height: 8 };
  let [across, down] = [0, 0];
  for (let i = 0; i < components; i++) {
    const sampling = specifications[i * 3 + 1]!;
    across = Math.max(across, sampling >> 4);
    down = Math.max(down, sampling & 15);
  }
  const possible = across >= 1 && across <= 4 && down >= 1 && down <= 4;
  return possible ? { width: across * 8, height: down * 8 } : null;
}

/** A whole JPEG of `size` px made of restart intervals of a larger one, in the order given. */
export function joinIntervals(
  frame: JpegFrame,
  size: Size,
  intervals: readonly Uint8Array[],
): Uint8Array {
  const coded = intervals.reduce((sum, bytes) => sum + bytes.length + 2, 0);
  const whole = new Uint8Array(frame.header.length + coded);
  whole.set(frame.header);
  const [high, low] = [frame.sizeAt, frame.sizeAt + 2];
  whole.set([size.height >> 8, size.height & 255], high);
  whole.set([size.width >> 8, size.width & 255], low);
  let at = frame.header.length;
  intervals.forEach((bytes, i) => {
    whole.set(bytes, at);
    at += bytes.length;
    // Markers count from 0 to 7 over and over; after the last interval the picture ends.
    whole.set([0xff, i === intervals.length - 1 ? 0xd9 : 0xd0 + (i % 8)], at);
    at += 2;
  });
  return whole;
}
