import dicomParser, { type DataSet } from "dicom-parser";
import { UnsupportedSlideError } from "../../errors.ts";
import type { ByteSource } from "../byte-source.ts";
import { MAX_DICOM_HEADER_BYTES } from "../limits.ts";
import { Attributes } from "./attributes.ts";
import { damagedDicom } from "./damaged.ts";
import { ElementReader, type ElementSpan } from "./element-reader.ts";
import { IMPLICIT_LITTLE_ENDIAN, isUnreadableEncoding, TAG, transferSyntaxName } from "./names.ts";

/** The part of a DICOM file before its pixels: what is understood, and where the long tables lie. */
export interface DicomHeader {
  readonly transferSyntax: string;
  /** Whether elements state their VR; decided by the transfer syntax. */
  readonly explicit: boolean;
  readonly attributes: Attributes;
  readonly perFrame: ElementSpan | null;
  readonly extendedOffsets: ElementSpan | null;
  /** Null where the file holds no pixels. */
  readonly pixelData: ElementSpan | null;
}

/** PS3.10 7.1: 128 bytes of anything, then these four. */
const MAGIC_AT = 128;
const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
const WANTED: ReadonlySet<string> = new Set(Object.values(TAG));
const LAST_IDENTIFIER = TAG.seriesInstance;

/** Whether the first bytes of a file are a DICOM file's. */
export function isDicom(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(MAGIC_AT, MAGIC_AT + 4)) === "DICM";
}

/**
 * Reads the header up to the pixels; with `identity`, only up to the number of the series.
 *
 * Elements that are not wanted, a patient's among them, are passed over unread; `more` are wanted too. Throws
 * CorruptSlideError, and UnsupportedSlideError for big endian, deflated and absurdly long headers.
 */
export async function readDicomHeader(
  source: ByteSource,
  part: "whole" | "identity" = "whole",
  more: readonly string[] = [],
): Promise<DicomHeader> {
  const wanted = more.length === 0 ? WANTED : new Set([...WANTED, ...more]);
  const reader = new ElementReader(source, MAGIC_AT + 4);
  const transferSyntax = await readTransferSyntax(source, reader);
  if (isUnreadableEncoding(transferSyntax)) {
    throw new UnsupportedSlideError(
      `${source.path} is a DICOM file stored as ${transferSyntaxName(transferSyntax)}, which is not read; rewrite it as explicit VR little endian, e.g. \`dcmconv +te IN.dcm OUT.dcm\` (DCMTK).`,
      { path: source.path, transferSyntax },
    );
  }
  const explicit = transferSyntax !== IMPLICIT_LITTLE_ENDIAN;
  const kept: Uint8Array[] = [];
  const long = new Map<string, ElementSpan>();
  let keptBytes = 0;
  for (;;) {
    const element = await reader.next(explicit);
    if (!element || (part === "identity" && element.tag > LAST_IDENTIFIER)) break;
    if (LONG_ELEMENTS.has(element.tag)) long.set(element.tag, element);
    if (element.tag === TAG.pixelData) break;
    const end = await reader.skip(element, explicit);
    if (!wanted.has(element.tag) || LONG_ELEMENTS.has(element.tag)) continue;
    keptBytes += end - element.start;
    if (keptBytes > MAX_DICOM_HEADER_BYTES) {
      throw new UnsupportedSlideError(
        `${source.path}: its DICOM header has more than ${MAX_DICOM_HEADER_BYTES} bytes to be understood (${element.tag.slice(1)} ends at byte ${end}); real ones have a tenth.`,
        { path: source.path },
      );
    }
    kept.push(await source.fetch(element.start, end - element.start));
  }
  return {
    transferSyntax,
    explicit,
    attributes: parseAttributes(source, Buffer.concat(kept), explicit),
    perFrame: long.get(TAG.perFrameFunctionalGroups) ?? null,
    extendedOffsets: long.get(TAG.extendedOffsets) ?? null,
    pixelData: long.get(TAG.pixelData) ?? null,
  };
}

/** Elements that may be as long as the slide has frames. */
const LONG_ELEMENTS: ReadonlySet<string> = new Set<string>([
  TAG.perFrameFunctionalGroups,
  TAG.extendedOffsets,
  TAG.extendedLengths,
  TAG.pixelData,
]);

/** Reads the file's meta elements, which are explicit VR whatever follows, and goes to what follows. */
async function readTransferSyntax(source: ByteSource, reader: ElementReader): Promise<string> {
  let found = "";
  for (;;) {
    const at = reader.position;
    // What follows may have no VR: only its group is looked at.
    const group = at + 2 <= source.size ? await source.fetch(at, 2) : new Uint8Array(2);
    if (group[0] !== 2 || group[1] !== 0) break;
    const element = await reader.next(true);
    if (!element) break;
    if (element.tag === TAG.transferSyntax) {
      const bytes = await source.fetch(element.offset, Math.min(element.length ?? 0, 64));
      found = String.fromCharCode(...bytes).replace(/[\0 ]+$/, "");
    }
    await reader.skip(element, true);
  }
  if (/^[0-9.]+$/.test(found)) return found;
  throw damagedDicom(
    source.path,
    "it names no transfer syntax (0002,0010), so how it is stored is unknown",
  );
}

/** Parses whole elements, or the elements of one item. Throws CorruptSlideError. */
export function parseAttributes(
  source: ByteSource,
  bytes: Uint8Array,
  explicit: boolean,
): Attributes {
  try {
    return new Attributes(bytes.length === 0 ? null : parseElements(bytes, explicit));
  } catch (cause) {
    // dicom-parser throws strings, Errors and objects with what it had read so far.
    const inner = (cause as { exception?: unknown } | null)?.exception ?? cause;
    const why = inner instanceof Error ? inner.message : String(inner);
    // It goes down by recursion, where the thread's stack is the limit.
    const deep = inner instanceof RangeError && why.includes("call stack");
    throw damagedDicom(
      source.path,
      deep ? "its sequences are nested too deep" : `its header cannot be parsed (${why})`,
      cause,
    );
  }
}

function parseElements(bytes: Uint8Array, explicit: boolean): DataSet {
  return dicomParser.parseDicom(bytes, {
    TransferSyntaxUID: explicit ? EXPLICIT_LITTLE_ENDIAN : IMPLICIT_LITTLE_ENDIAN,
  });
}
