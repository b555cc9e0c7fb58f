import { aperio } from "./aperio.ts";
import { dicom } from "./dicom.ts";
import type { SlideFormat } from "./format.ts";
import { genericTiff } from "./generic-tiff.ts";
import { hamamatsu } from "./hamamatsu.ts";
import { jp2 } from "./jp2.ts";
import { leica } from "./leica.ts";
import { omeTiff } from "./ome-tiff.ts";
import { philips } from "./philips.ts";
import { plain } from "./plain.ts";
import { qptiff } from "./qptiff.ts";
import { refusedFormats } from "./refused.ts";
import { ventana } from "./ventana.ts";

/** Every format, asked in this order: the particular before the general. */
export const FORMATS: readonly SlideFormat[] = [
  aperio,
  hamamatsu,
  leica,
  philips,
  ventana,
  dicom,
  qptiff,
  ...refusedFormats,
  omeTiff,
  genericTiff,
  jp2,
  plain,
];
