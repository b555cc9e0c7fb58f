import dcmjs, { type TaggedElement } from "dcmjs";

/** Attributes by DICOM keyword; an array of objects is a sequence. */
export interface DataSet {
  readonly [keyword: string]: DicomValue;
}
export type DicomValue = string | number | readonly (string | number)[] | readonly DataSet[];

const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";

/** A slide's identifiers are passed on as they are, even where they are longer than they may be. */
const OPTIONS = { allowInvalidVRLength: true };

/** microtome's own, as a UUID (PS3.5 B.2). */
const IMPLEMENTATION = "2.25.263194182016463927118340829537446402881";

/** Bytes of a data set, or of what an item holds: explicit VR little endian. */
export function encodeDataSet(dataSet: DataSet): Uint8Array {
  const { DicomMessage, WriteBufferStream } = dcmjs.data;
  const stream = new WriteBufferStream(1 << 14, true);
  DicomMessage.write(byTag(dataSet), stream, EXPLICIT_LITTLE_ENDIAN, OPTIONS);
  return new Uint8Array(stream.getBuffer());
}

/** dcmjs has a function for this, which cuts off what is longer than allowed: a reference would lead nowhere. */
function byTag(dataSet: DataSet): Record<string, TaggedElement> {
  const { nameMap } = dcmjs.data.DicomMetaDictionary;
  const elements = Object.entries(dataSet).map(([keyword, value]): [string, TaggedElement] => {
    const entry = nameMap[keyword];
    if (!entry) throw new Error(`${keyword} is no DICOM keyword`);
    const values = (value === "" ? [] : [value].flat()) as readonly (string | number | DataSet)[];
    return [
      entry.tag.replaceAll(/[(),]/g, ""),
      { vr: entry.vr, Value: values.map((one) => (typeof one === "object" ? byTag(one) : one)) },
    ];
  });
  return Object.fromEntries(elements);
}

/** What a DICOM file begins with: preamble, magic and the file's meta information. PS3.10 7.1. */
export function encodeFileHead(sopClass: string, sopInstance: string): Uint8Array {
  const uid = (value: string) => ({ vr: "UI", Value: [value] });
  const head = new dcmjs.data.DicomDict({
    "00020001": { vr: "OB", Value: [Uint8Array.of(0, 1).buffer] },
    "00020002": uid(sopClass),
    "00020003": uid(sopInstance),
    "00020010": uid(EXPLICIT_LITTLE_ENDIAN),
    "00020012": uid(IMPLEMENTATION),
    "00020013": { vr: "SH", Value: ["MICROTOME"] },
  });
  return new Uint8Array(head.write(OPTIONS));
}
