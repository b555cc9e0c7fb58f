/** Tags that are read, as dicom-parser writes them. Names: DICOM PS3.6. Nothing about a patient is among them. */
export const TAG = {
  transferSyntax: "x00020010",
  imageType: "x00080008",
  sopClass: "x00080016",
  sopInstance: "x00080018",
  modality: "x00080060",
  seriesInstance: "x0020000e",
  concatenation: "x00209161",
  concatenationTotal: "x00209163",
  concatenationFrameOffset: "x00209228",
  dimensionOrganizationType: "x00209311",
  samplesPerPixel: "x00280002",
  photometric: "x00280004",
  planarConfiguration: "x00280006",
  numberOfFrames: "x00280008",
  rows: "x00280010",
  columns: "x00280011",
  pixelSpacing: "x00280030",
  bitsAllocated: "x00280100",
  bitsStored: "x00280101",
  pixelRepresentation: "x00280103",
  windowCenter: "x00281050",
  windowWidth: "x00281051",
  rescaleIntercept: "x00281052",
  rescaleSlope: "x00281053",
  redPaletteDescriptor: "x00281101",
  greenPaletteDescriptor: "x00281102",
  bluePaletteDescriptor: "x00281103",
  redPalette: "x00281201",
  greenPalette: "x00281202",
  bluePalette: "x00281203",
  redPaletteSegments: "x00281221",
  greenPaletteSegments: "x00281222",
  bluePaletteSegments: "x00281223",
  iccProfile: "x00282000",
  pixelMeasures: "x00289110",
  frameVoiLut: "x00289132",
  pixelValueTransformation: "x00289145",
  zOffset: "x0040074a",
  imagedVolumeWidth: "x00480001",
  imagedVolumeHeight: "x00480002",
  totalPixelMatrixColumns: "x00480006",
  totalPixelMatrixRows: "x00480007",
  totalPixelMatrixOrigin: "x00480008",
  opticalPaths: "x00480105",
  opticalPathIdentifier: "x00480106",
  opticalPathDescription: "x00480107",
  objectiveLensPower: "x00480112",
  opticalPathPalette: "x00480120",
  opticalPathIdentification: "x00480207",
  planePositionSlide: "x0048021a",
  columnPosition: "x0048021e",
  rowPosition: "x0048021f",
  numberOfOpticalPaths: "x00480302",
  focalPlanes: "x00480303",
  sharedFunctionalGroups: "x52009229",
  perFrameFunctionalGroups: "x52009230",
  extendedOffsets: "x7fe00001",
  extendedLengths: "x7fe00002",
  pixelData: "x7fe00010",
} as const;

/** What a file derived of a slide refers to; read only for such a file. */
export const ORIGIN_TAG = {
  studyInstance: "x0020000d",
  frameOfReference: "x00200052",
  positionReference: "x00201040",
  xOffset: "x0040072a",
  yOffset: "x0040073a",
  imageOrientationSlide: "x00480102",
  sliceThickness: "x00180050",
} as const;

/** Who and what a slide is of; read only where asked for by name. */
export const IDENTITY_TAG = {
  characterSet: "x00080005",
  StudyDate: "x00080020",
  StudyTime: "x00080030",
  AccessionNumber: "x00080050",
  ReferringPhysicianName: "x00080090",
  PatientName: "x00100010",
  PatientID: "x00100020",
  PatientBirthDate: "x00100030",
  PatientSex: "x00100040",
  StudyID: "x00200010",
} as const;

/** VL Whole Slide Microscopy Image Storage, the one kind of object that is a slide. */
export const WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6";

/** Kinds of objects that lie beside slides or are taken for them, by SOP class. PS3.4 Annex B. */
const SOP_CLASSES: Readonly<Record<string, string>> = {
  "1.2.840.10008.1.3.10": "a DICOMDIR (a directory of a medium)",
  "1.2.840.10008.5.1.4.1.1.2": "a CT image",
  "1.2.840.10008.5.1.4.1.1.4": "an MR image",
  "1.2.840.10008.5.1.4.1.1.7": "a secondary capture image",
  "1.2.840.10008.5.1.4.1.1.7.4": "a secondary capture image",
  "1.2.840.10008.5.1.4.1.1.11.1": "a presentation state",
  "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation",
  "1.2.840.10008.5.1.4.1.1.66.7": "a label map segmentation",
  "1.2.840.10008.5.1.4.1.1.77.1.2": "a microscopic image (a single field)",
  "1.2.840.10008.5.1.4.1.1.77.1.3": "a slide-coordinates microscopic image (a single field)",
  "1.2.840.10008.5.1.4.1.1.88.34": "a structured report",
  "1.2.840.10008.5.1.4.1.1.91.1": "bulk annotations",
  "1.2.840.10008.5.1.4.1.1.104.1": "an encapsulated PDF",
};

/** What an object is, in words. */
export function sopClassName(uid: string, modality: string): string {
  const name = SOP_CLASSES[uid];
  if (name) return name;
  return modality === "" ? `an object of SOP class ${uid || "(none)"}` : `of modality ${modality}`;
}

/** How a frame is stored. */
export type FrameCodec = "raw" | "rle" | "jpeg" | "jpeg-ls" | "jpeg2000";

/** Transfer syntaxes whose frames are decoded. PS3.5 Annex A; HTJ2K is a kind of JPEG 2000. */
const CODECS: Readonly<Record<string, FrameCodec>> = {
  "1.2.840.10008.1.2": "raw",
  "1.2.840.10008.1.2.1": "raw",
  "1.2.840.10008.1.2.5": "rle",
  "1.2.840.10008.1.2.4.50": "jpeg",
  "1.2.840.10008.1.2.4.51": "jpeg",
  "1.2.840.10008.1.2.4.80": "jpeg-ls",
  "1.2.840.10008.1.2.4.81": "jpeg-ls",
  "1.2.840.10008.1.2.4.90": "jpeg2000",
  "1.2.840.10008.1.2.4.91": "jpeg2000",
  "1.2.840.10008.1.2.4.201": "jpeg2000",
  "1.2.840.10008.1.2.4.202": "jpeg2000",
  "1.2.840.10008.1.2.4.203": "jpeg2000",
};

/** The codec of a transfer syntax, or null where it is not decoded. */
export function frameCodec(transferSyntax: string): FrameCodec | null {
  return CODECS[transferSyntax] ?? null;
}

export const IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2";
const UNREAD_SYNTAXES: Readonly<Record<string, string>> = {
  "1.2.840.10008.1.2.1.99": "deflated",
  "1.2.840.10008.1.2.2": "big endian",
  "1.2.840.10008.1.2.4.57": "lossless JPEG",
  "1.2.840.10008.1.2.4.70": "lossless JPEG",
  "1.2.840.10008.1.2.4.100": "MPEG-2",
  "1.2.840.10008.1.2.4.102": "MPEG-4",
  "1.2.840.10008.1.2.4.110": "JPEG XL",
  "1.2.840.10008.1.2.4.111": "JPEG XL",
  "1.2.840.10008.1.2.4.112": "JPEG XL",
};

/** A transfer syntax in words, for a refusal. */
export function transferSyntaxName(uid: string): string {
  const name = UNREAD_SYNTAXES[uid];
  return name ? `${name} (transfer syntax ${uid})` : `transfer syntax ${uid}`;
}

/** Whether the elements themselves are stored in a way that is not read. */
export function isUnreadableEncoding(transferSyntax: string): boolean {
  return transferSyntax === "1.2.840.10008.1.2.2" || transferSyntax === "1.2.840.10008.1.2.1.99";
}
