/** TIFF tags that the tiler reads (TIFF 6.0, and its technical notes for SubIFDs and JPEG). */
export const TAG = {
  newSubfileType: 254,
  subfileType: 255,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  imageDescription: 270,
  make: 271,
  stripOffsets: 273,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  resolutionUnit: 296,
  software: 305,
  predictor: 317,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subIfds: 330,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  iccProfile: 34675,
  xmp: 700,
  hamamatsuFormat: 65420,
  hamamatsuSourceLens: 65421,
  hamamatsuFocalPlane: 65424,
  hamamatsuMcuStarts: 65426,
  hamamatsuMcuStartsHigh: 65432,
} as const;

/** Values of the Compression tag that the tiler decodes. */
export const COMPRESSION = {
  none: 1,
  lzw: 5,
  jpeg: 7,
  deflate: 8,
  packBits: 32773,
  oldDeflate: 32946,
  aperioYCbCr: 33003,
  jpeg2000Kakadu: 33004,
  aperioRgb: 33005,
  jpeg2000: 34712,
  oldZstd: 34926,
  zstd: 50000,
  webp: 50001,
} as const;

/** Whether a compression's blocks are JPEG 2000 codestreams or JP2 files. */
export function isJpeg2000(compression: number): boolean {
  return JPEG_2000.includes(compression);
}

const JPEG_2000: readonly number[] = [
  COMPRESSION.aperioYCbCr,
  COMPRESSION.jpeg2000Kakadu,
  COMPRESSION.aperioRgb,
  COMPRESSION.jpeg2000,
];

/** Values of the PhotometricInterpretation tag that the tiler decodes. */
export const PHOTOMETRIC = { whiteIsZero: 0, blackIsZero: 1, rgb: 2, yCbCr: 6 } as const;

const COMPRESSION_NAMES: Readonly<Record<number, string>> = {
  1: "none",
  2: "CCITT RLE",
  3: "CCITT group 3",
  4: "CCITT group 4",
  5: "LZW",
  6: "old-style JPEG",
  7: "JPEG",
  8: "deflate",
  22610: "JPEG XR (Hamamatsu)",
  32773: "PackBits",
  32946: "deflate",
  33003: "JPEG 2000 (Aperio, YCbCr)",
  33004: "JPEG 2000",
  33005: "JPEG 2000 (Aperio, RGB)",
  34712: "JPEG 2000",
  34887: "LERC",
  34892: "lossy JPEG (DNG)",
  34925: "LZMA",
  34926: "Zstandard",
  34933: "PNG",
  34934: "JPEG XR",
  50000: "Zstandard",
  50001: "WebP",
  50002: "JPEG XL",
};

const PHOTOMETRIC_NAMES: Readonly<Record<number, string>> = {
  0: "white-is-zero grey",
  1: "black-is-zero grey",
  2: "RGB",
  3: "palette",
  4: "transparency mask",
  5: "CMYK",
  6: "YCbCr",
  8: "CIELab",
};

/** A compression as a person calls it, with its number. */
export function compressionName(value: number): string {
  return `${COMPRESSION_NAMES[value] ?? "unknown"} (TIFF compression ${value})`;
}

/** A photometric interpretation as a person calls it, with its number. */
export function photometricName(value: number): string {
  return `${PHOTOMETRIC_NAMES[value] ?? "unknown"} (TIFF photometric ${value})`;
}
