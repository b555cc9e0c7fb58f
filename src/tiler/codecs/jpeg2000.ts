import { workerFile } from "../../worker-thread.ts";
import { readJpeg2000Header } from "./jpeg2000-header.ts";
import type { Jpeg2000Answer, Jpeg2000Job } from "./jpeg2000-worker.ts";
import { WorkerLanes } from "./worker-lanes.ts";

/** A decoded JPEG 2000 picture: samples interleaved, rows top to bottom, no padding. */
export interface Jpeg2000Image {
  /** One byte a sample up to 8 bits, else two. */
  readonly data: Uint8Array | Uint16Array | Int16Array;
  readonly width: number;
  readonly height: number;
  /** 1 or 3. */
  readonly components: number;
  readonly bits: number;
  readonly signed: boolean;
}

/** How to decode. */
export interface Jpeg2000Options {
  /** How often to halve the picture: its own smaller resolutions, 0 for full size. */
  readonly reduce?: number;
  /** Pixels that the full picture may have, where the caller knows; the caps of `limits.ts` hold in any case. */
  readonly maxPixels?: number;
}

/** Time for a decode whatever its size, and for each 2^20 samples more, ms: a hundred times what is usual. */
const DEADLINE_MS = { base: 30_000, perMebisample: 10_000 } as const;

const lanes = new WorkerLanes<Jpeg2000Job, Jpeg2000Answer>({
  file: workerFile(import.meta.url, "jpeg2000-worker"),
  deadlineMs: DEADLINE_MS.base,
});

/**
 * Decodes a JPEG 2000 codestream (ISO/IEC 15444-1, HTJ2K too) with OpenJPEG, on a thread of its own.
 *
 * The components are as stored: YCbCr stays YCbCr, unless its chroma is subsampled, which OpenJPEG
 * brings to RGB as it enlarges it. Throws plain Errors about the bytes; the caller names the file.
 */
export async function decodeJpeg2000(
  bytes: Uint8Array,
  options: Jpeg2000Options = {},
): Promise<Jpeg2000Image> {
  const header = readJpeg2000Header(bytes);
  const { maxPixels = Number.POSITIVE_INFINITY, reduce = 0 } = options;
  if (header.width * header.height > maxPixels) {
    throw new Error(
      `its JPEG 2000 picture is ${header.width}×${header.height} px where at most ${maxPixels} px were expected`,
    );
  }
  if (reduce > header.reductions) {
    throw new Error(
      `its JPEG 2000 picture can be halved ${header.reductions} times, not ${reduce}`,
    );
  }
  const samples = header.width * header.height * header.components;
  // A copy: what is given away is gone, and a view would take its whole buffer along.
  const own = new Uint8Array(bytes);
  const answer = await lanes.run(
    { bytes: own, reduce },
    {
      deadlineMs: DEADLINE_MS.base + (DEADLINE_MS.perMebisample * samples) / 2 ** 20,
      transfer: [own.buffer],
    },
  );
  if (!answer.ok) throw new Error(answer.message);
  const width = Math.ceil(header.width / 2 ** reduce);
  const height = Math.ceil(header.height / 2 ** reduce);
  const expected = width * height * header.components * (header.bits > 8 ? 2 : 1);
  if (answer.components !== header.components || answer.data.byteLength !== expected) {
    throw new Error(
      `it decodes to ${answer.data.byteLength} bytes in ${answer.components} components where ${expected} in ${header.components} were expected`,
    );
  }
  const { components, bits, signed } = header;
  return { data: typed(answer.data, bits, signed), width, height, components, bits, signed };
}

/** Ends the decoding threads that wait for work; the next decode starts new ones. */
export function closeJpeg2000(): Promise<void> {
  return lanes.close();
}

function typed(data: ArrayBuffer, bits: number, signed: boolean): Jpeg2000Image["data"] {
  if (bits <= 8) return new Uint8Array(data);
  return signed ? new Int16Array(data) : new Uint16Array(data);
}
