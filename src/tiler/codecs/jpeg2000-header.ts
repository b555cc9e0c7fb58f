import { MAX_BLOCK_BYTES_OVER, MAX_JPEG2000_SAMPLES, MAX_JPEG2000_TILES } from "../limits.ts";

/** What a JPEG 2000 codestream says of itself (ISO/IEC 15444-1, annex A.5.1, the SIZ marker). */
export interface Jpeg2000Header {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** 1 grey or 3 colours. */
  readonly components: number;
  /** Of a sample, 1–16. */
  readonly bits: number;
  readonly signed: boolean;
  /** The second and third component are stored at half the width, or half of both. */
  readonly subsampled: boolean;
  /** How often the picture can be halved. */
  readonly reductions: number;
}

const SOC = 0xff4f;
const SIZ = 0xff51;
const COD = 0xff52;
const SOT = 0xff90;

/** Whether bytes begin as a JPEG 2000 codestream does. */
export function isCodestream(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0x4f && bytes[2] === 0xff && bytes[3] === 0x51;
}

/**
 * Reads a codestream's header and holds it to what is decoded and to the caps of `limits.ts`, so that
 * the decoder never sees a size that was not looked at. Throws plain Errors that name what is wrong.
 */
export function readJpeg2000Header(bytes: Uint8Array): Jpeg2000Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 44 || view.getUint16(0) !== SOC || view.getUint16(2) !== SIZ) {
    throw new Error("its bytes are no JPEG 2000 codestream");
  }
  const components = view.getUint16(40);
  if (view.getUint16(4) !== 38 + 3 * components || bytes.length < 42 + 3 * components) {
    throw new Error("its JPEG 2000 header is damaged or cut short");
  }
  const [width, height] = [view.getUint32(8), view.getUint32(12)];
  const [left, top] = [view.getUint32(16), view.getUint32(20)];
  const [tileWidth, tileHeight] = [view.getUint32(24), view.getUint32(28)];
  const [tileLeft, tileTop] = [view.getUint32(32), view.getUint32(36)];
  if (width === 0 || height === 0 || tileWidth === 0 || tileHeight === 0) {
    throw new Error(`its JPEG 2000 header claims ${width}×${height} px`);
  }
  if (left !== 0 || top !== 0 || tileLeft !== 0 || tileTop !== 0) {
    throw new Error("its JPEG 2000 picture does not begin at 0,0, which is not decoded");
  }
  if (components !== 1 && components !== 3) {
    throw new Error(`its JPEG 2000 picture has ${components} components; 1 and 3 are decoded`);
  }
  if (width * height * components > MAX_JPEG2000_SAMPLES) {
    throw new Error(
      `its JPEG 2000 picture is ${width}×${height} px of ${components} components, more than the ${MAX_JPEG2000_SAMPLES} samples decoded at once`,
    );
  }
  const tiles = Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight);
  if (tiles > MAX_JPEG2000_TILES) {
    throw new Error(
      `its JPEG 2000 picture is cut into ${tiles} tiles, at most ${MAX_JPEG2000_TILES} are decoded`,
    );
  }
  const { bits, signed, subsampled } = readComponents(bytes.subarray(42), components);
  const decoded = width * height * components * (bits > 8 ? 2 : 1);
  if (bytes.length > 4 * decoded + MAX_BLOCK_BYTES_OVER) {
    throw new Error(`it has ${bytes.length} bytes for a picture of ${decoded} bytes`);
  }
  const { reductions, firstPart } = readMainHeader(view, 42 + 3 * components);
  requireEveryTile(view, firstPart, tiles);
  return { width, height, components, bits, signed, subsampled, reductions };
}

function readComponents(
  table: Uint8Array,
  components: number,
): Pick<Jpeg2000Header, "bits" | "signed" | "subsampled"> {
  const depth = table[0]!;
  const [bits, signed] = [(depth & 0x7f) + 1, depth > 127];
  const steps = Array.from(
    { length: components },
    (_, i) => `${table[3 * i + 1]}×${table[3 * i + 2]}`,
  );
  const mixed = steps.some((_, i) => table[3 * i] !== depth);
  const chroma = steps[1] ?? "1×1";
  const known =
    steps[0] === "1×1" && ["1×1", "2×1", "2×2"].includes(chroma) && (steps[2] ?? "1×1") === chroma;
  if (mixed || !known || bits > 16 || (components === 3 && bits > 8) || (signed && bits <= 8)) {
    throw new Error(
      `its JPEG 2000 samples are ${mixed ? "of mixed depth" : `${signed ? "signed " : ""}${bits}-bit`}, at steps of ${steps.join(", ")}; 8-bit colour and grey of up to 16 bits are decoded`,
    );
  }
  return { bits, signed, subsampled: chroma !== "1×1" };
}

/** Decomposition levels by the COD marker, and where the first tile part begins. */
function readMainHeader(
  view: DataView,
  from: number,
): { readonly reductions: number; readonly firstPart: number } {
  let at = from;
  let reductions: number | null = null;
  while (at + 10 <= view.byteLength) {
    const marker = view.getUint16(at);
    if (marker === SOT) {
      if (reductions === null) break;
      return { reductions, firstPart: at };
    }
    if (marker === COD) reductions = Math.min(32, view.getUint8(at + 9));
    at += 2 + view.getUint16(at + 2);
  }
  throw new Error("its JPEG 2000 header is damaged or cut short");
}

/** OpenJPEG leaves a tile that is not there black, and says nothing. */
function requireEveryTile(view: DataView, firstPart: number, tiles: number): void {
  const seen = new Set<number>();
  for (let at = firstPart; at + 12 <= view.byteLength && view.getUint16(at) === SOT; ) {
    seen.add(view.getUint16(at + 4));
    const length = view.getUint32(at + 6);
    // Length 0: to the end.
    if (length < 12) break;
    at += length;
  }
  if (seen.size >= tiles) return;
  throw new Error(`its JPEG 2000 picture has ${tiles} tiles, of which ${seen.size} are there`);
}
