import { type ByteSource, requireRange } from "../byte-source.ts";
import { MAX_BLOCK_BYTES_OVER } from "../limits.ts";
import { damagedDicom } from "./damaged.ts";
import type { ElementSpan } from "./element-reader.ts";
import type { DicomInstance } from "./instance.ts";

/** Where the bytes of one file's frames lie. */
export interface FrameIndex {
  /** The stored bytes of a frame, from 0. Throws CorruptSlideError. */
  read(frame: number): Promise<Uint8Array>;
}

/** Tag and length of an item, and the first four bytes in it. */
const ITEM_HEADER = 8;
const ITEM = 0xe000fffe;
const SEQUENCE_END = 0xe0ddfffe;

/** Finds a file's frames. Throws CorruptSlideError where raw frames do not fit into what the file holds. */
export async function openFrameIndex(instance: DicomInstance): Promise<FrameIndex> {
  const pixelData = instance.header.pixelData!;
  if (pixelData.length !== null) return rawFrames(instance, pixelData, pixelData.length);
  return new EncapsulatedFrames(instance, pixelData);
}

function rawFrames(instance: DicomInstance, pixelData: ElementSpan, held: number): FrameIndex {
  const { source, tile, pixels, frames } = instance;
  const length = tile.width * tile.height * pixels.samples * pixels.bytesPerSample;
  if (instance.codec !== "raw" || length * frames > held) {
    throw damagedDicom(
      source.path,
      instance.codec === "raw"
        ? `${frames} frames of ${length} bytes do not fit into the ${held} bytes of its pixels`
        : "its pixels are compressed but not in fragments",
    );
  }
  return { read: (frame) => source.fetch(pixelData.offset + frame * length, length) };
}

/** Frames in fragments. PS3.5 A.4; extended offset table: PS3.3 C.7.6.3.1.8. */
class EncapsulatedFrames implements FrameIndex {
  readonly #instance: DicomInstance;
  readonly #source: ByteSource;
  readonly #pixelData: ElementSpan;
  /** More than this a frame cannot need. */
  readonly #most: number;
  #starts: Promise<Float64Array> | null = null;

  constructor(instance: DicomInstance, pixelData: ElementSpan) {
    this.#instance = instance;
    this.#source = instance.source;
    this.#pixelData = pixelData;
    const { tile, pixels } = instance;
    this.#most =
      4 * tile.width * tile.height * pixels.samples * pixels.bytesPerSample + MAX_BLOCK_BYTES_OVER;
  }

  async read(frame: number): Promise<Uint8Array> {
    this.#starts ??= this.#findStarts().catch((error: unknown) => {
      // A read that was called off must not decide for those to come.
      this.#starts = null;
      throw error;
    });
    const starts = await this.#starts;
    const end = starts[frame + 1]!;
    const parts: Uint8Array[] = [];
    let total = 0;
    let at = starts[frame]!;
    while (at < end) {
      const item = await this.#item(at);
      if (!item) break;
      total += item.length;
      if (total > this.#most) {
        throw damagedDicom(
          this.#source.path,
          `frame ${frame + 1} takes more than ${this.#most} bytes, which is more than its pixels can need`,
        );
      }
      parts.push(await this.#source.fetch(at + ITEM_HEADER, item.length));
      at += ITEM_HEADER + item.length;
    }
    if (parts.length === 0)
      throw damagedDicom(this.#source.path, `frame ${frame + 1} holds nothing`);
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  /** Offsets of each frame's first item, and of what follows the last: Infinity where that is not known. */
  async #findStarts(): Promise<Float64Array> {
    const { frames } = this.#instance;
    const table = await this.#item(this.#pixelData.offset);
    if (!table)
      throw damagedDicom(
        this.#source.path,
        "its pixels hold no offset table, not even an empty one",
      );
    const base = this.#pixelData.offset + ITEM_HEADER + table.length;
    const starts = new Float64Array(frames + 1);
    starts[frames] = Number.POSITIVE_INFINITY;
    const told =
      (await this.#extendedOffsets()) ??
      (table.length === 4 * frames ? await this.#offsets(base - table.length, frames, 4) : null);
    if (told && isAscending(told)) {
      for (let i = 0; i < frames; i++) starts[i] = base + told[i]!;
      return starts;
    }
    return this.#scan(base, starts);
  }

  async #extendedOffsets(): Promise<Float64Array | null> {
    const { frames, header } = this.#instance;
    const element = header.extendedOffsets;
    if (!element || element.length !== 8 * frames) return null;
    return this.#offsets(element.offset, frames, 8);
  }

  async #offsets(at: number, count: number, bytes: 4 | 8): Promise<Float64Array> {
    const raw = await this.#source.fetch(at, count * bytes);
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    const offsets = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      offsets[i] =
        bytes === 4 ? view.getUint32(4 * i, true) : Number(view.getBigUint64(8 * i, true));
    }
    return offsets;
  }

  /**
   * Goes through the items one by one, where no table says where frames begin: an item a frame, or, of
   * frames in several, each item that begins as a picture does.
   */
  async #scan(base: number, starts: Float64Array): Promise<Float64Array> {
    const { frames } = this.#instance;
    const heads = new Float64Array(frames + 1);
    let items = 0;
    let begun = 0;
    let at = base;
    for (;;) {
      const item = await this.#item(at);
      if (!item) break;
      if (items < frames) starts[items] = at;
      items++;
      if (item.length >= 4 && (await this.#beginsPicture(at + ITEM_HEADER))) {
        if (begun < frames) heads[begun] = at;
        begun++;
      }
      at += ITEM_HEADER + item.length;
    }
    starts[frames] = at;
    heads[frames] = at;
    if (items === frames) return starts;
    if (frames === 1 && items > 0) return Float64Array.of(base, at);
    if (begun === frames) return heads;
    throw damagedDicom(
      this.#source.path,
      `it holds ${items} fragments, and no table tells which make its ${frames} frames`,
    );
  }

  /** JPEG and JPEG-LS begin with FFD8, a JPEG 2000 codestream with FF4F FF51. */
  async #beginsPicture(at: number): Promise<boolean> {
    const [a, b, c, d] = await this.#source.fetch(at, 4);
    return a === 0xff && ((b === 0xd8 && c === 0xff) || (b === 0x4f && c === 0xff && d === 0x51));
  }

  /** The length of the item at `at`; null at the delimiter or the file's end. */
  async #item(at: number): Promise<{ readonly length: number } | null> {
    // Files that end without a delimiter are met, and complete but for that.
    if (at === this.#source.size) return null;
    requireRange(this.#source, at, ITEM_HEADER, "a fragment of its pixels");
    const raw = await this.#source.fetch(at, ITEM_HEADER);
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    const tag = view.getUint32(0, true);
    if (tag === SEQUENCE_END) return null;
    if (tag !== ITEM) {
      throw damagedDicom(this.#source.path, `no fragment of its pixels begins at byte ${at}`);
    }
    const length = view.getUint32(4, true);
    requireRange(this.#source, at + ITEM_HEADER, length, "a fragment of its pixels");
    return { length };
  }
}

function isAscending(offsets: Float64Array): boolean {
  // 32-bit offsets of more than 4 GiB begin again at 0.
  return offsets.every((offset, i) =>
    i === 0 ? offset === 0 : Number.isSafeInteger(offset) && offset > offsets[i - 1]!,
  );
}
