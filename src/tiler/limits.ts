/**
 * What a file may make us allocate. A file asks with a few bytes of header; these are the ceilings,
 * written in docs/formats.md too.
 */

/** Pixels that one stored tile, strip or plain image may decode to: 2^27, 384 MiB as RGB. */
export const MAX_BLOCK_PIXELS = 2 ** 27;

/** Pixels of one region read at once: 2^28, 768 MiB as RGB. */
export const MAX_REGION_PIXELS = 2 ** 28;

/** Longest side of a level: 2^24 px, about 4 m at 0.25 µm/px. */
export const MAX_SIDE = 2 ** 24;

/** Directories that a TIFF may chain before it is refused. */
export const MAX_DIRECTORIES = 4096;

/** Values of one TIFF tag, which is also the most tiles a level may have: 2^23. */
export const MAX_TAG_VALUES = 2 ** 23;

/** Values of all tags of a file that are read: 2^25, however many directories share them. */
export const MAX_FILE_VALUES = 2 ** 25;

/** Bytes of a text in a TIFF tag (OME-XML is the longest met): 2^24. */
export const MAX_TEXT_BYTES = 2 ** 24;

/** Bytes of an ICC profile; a larger one is not read: 2^24. */
export const MAX_ICC_BYTES = 2 ** 24;

/** Characters of a vendor's XML that are parsed, pictures in base64 not counted: 2^22. */
export const MAX_XML_BYTES = 2 ** 22;

/** Stored tiles kept, beside the blocks composed of them, for a slide whose tiles overlap or lie apart: 48 MiB. */
export const COMPOSED_CACHE_BYTES = 48 * 2 ** 20;

/** Pixels of the canvas that a slide's areas or tiles are placed on: 2^38, over 70 × 25 mm at 0.1 µm/px. */
export const MAX_CANVAS_PIXELS = 2 ** 38;

/** Tiles that a slide may place by themselves, a level: 2^17. */
export const MAX_PARTS = 2 ** 17;

/** Decoded tiles kept per open slide unless told otherwise: 96 MiB. */
export const DEFAULT_CACHE_BYTES = 96 * 2 ** 20;

/** Samples (pixels × components) of one JPEG 2000 picture: 2^26. OpenJPEG holds 8 to 12 bytes for each. */
export const MAX_JPEG2000_SAMPLES = 2 ** 26;

/** Tiles within one JPEG 2000 picture: 2^12. */
export const MAX_JPEG2000_TILES = 2 ** 12;

/** Bytes beyond four times its decoded size that a compressed block may have. */
export const MAX_BLOCK_BYTES_OVER = 2 ** 20;

/** Memory that a decoder in WebAssembly may grow to: 1 GiB a thread. */
export const MAX_WASM_BYTES = 2 ** 30;

/** WebAssembly never gives memory back: a decoder that has grown beyond this is replaced. 96 MiB. */
export const KEPT_WASM_BYTES = 96 * 2 ** 20;

/** Data elements walked over in the header of one DICOM file, its frames' positions included: 2^24. */
export const MAX_DICOM_ELEMENTS = 2 ** 24;

/** Bytes of a DICOM header that are read to be understood (colour profiles are the longest): 16 MiB. */
export const MAX_DICOM_HEADER_BYTES = 2 ** 24;

/** Frames of one level of a DICOM slide, over all its files: 2^23. */
export const MAX_DICOM_FRAMES = 2 ** 23;

/** Files of a folder that are looked at for the other levels of a DICOM slide. */
export const MAX_DICOM_FILES = 4096;

/** Channels of one slide: 2^8. */
export const MAX_CHANNELS = 2 ** 8;
