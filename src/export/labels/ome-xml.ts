import type { Size } from "../../geometry.ts";
import { VERSION } from "../../version.ts";
import type { LabelGrid } from "./label-grid.ts";

/** Where labels come from: plain facts, nothing of a patient. */
export type LabelFacts = Readonly<Record<string, string | number | boolean>>;

const SCHEMA = "http://www.openmicroscopy.org/Schemas/OME/2016-06";

/**
 * The OME-XML of a label image: one plane of 32-bit labels, its µm/px, and where it comes from.
 *
 * Schema: OME 2016-06.
 */
export function omeXml(name: string, grid: LabelGrid, facts: LabelFacts): string {
  const { width, height }: Size = grid.size;
  const pairs = Object.entries({
    software: `microtome ${VERSION}`,
    notice: "for research use only",
    ...facts,
  }).map(([key, value]) => `<M K="${escapeXml(key)}">${escapeXml(String(value))}</M>`);
  const micrometres = `PhysicalSizeX="${grid.mpp}" PhysicalSizeXUnit="µm" PhysicalSizeY="${grid.mpp}" PhysicalSizeYUnit="µm"`;
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<OME xmlns="${SCHEMA}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="${SCHEMA} ${SCHEMA}/ome.xsd" Creator="microtome ${VERSION}">`,
    `<Image ID="Image:0" Name="${escapeXml(name)}">`,
    `<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint32" SizeX="${width}" SizeY="${height}" SizeC="1" SizeZ="1" SizeT="1" BigEndian="false" Interleaved="false" SignificantBits="32" ${micrometres}>`,
    `<Channel ID="Channel:0:0" Name="labels" SamplesPerPixel="1"/><TiffData IFD="0" PlaneCount="1"/></Pixels>`,
    `<AnnotationRef ID="Annotation:0"/></Image>`,
    `<StructuredAnnotations><MapAnnotation ID="Annotation:0" Namespace="microtome"><Value>${pairs.join("")}</Value></MapAnnotation></StructuredAnnotations>`,
    `</OME>`,
  ].join("");
}

/** Characters that XML 1.0 forbids are dropped. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
