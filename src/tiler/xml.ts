import { XMLParser } from "fast-xml-parser";
import { MAX_XML_BYTES } from "./limits.ts";

/** An element of a vendor's XML: attributes and text as written, entities left as they are. */
export interface XmlElement {
  /** Without its namespace prefix. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Its own text, white space trimmed. */
  readonly text: string;
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  attributesGroupName: false,
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: 64,
});

/**
 * Pictures stand in some XML as base64; nothing here reads them, and they cost more than all the rest.
 * Looked for from a run's beginning alone: from each of its characters, short runs would take minutes.
 */
const BASE64_RUN = /(?<![A-Za-z0-9+/=\r\n])[A-Za-z0-9+/=\r\n]{4096,}/g;

/**
 * The root element of a document, or null where there is none.
 *
 * Throws plain Errors: no XML, a document type (no scanner writes one, and entities are how a small
 * text becomes a large one), more than MAX_XML_BYTES, or nested deeper than 64.
 */
export function parseXml(text: string): XmlElement | null {
  const lean = text.replace(BASE64_RUN, "");
  if (lean.length > MAX_XML_BYTES) {
    throw new Error(`it has ${lean.length} characters, more than the ${MAX_XML_BYTES} read`);
  }
  if (/<!(DOCTYPE|ENTITY)/i.test(lean)) throw new Error("it declares a document type");
  const nodes: unknown = parser.parse(lean);
  return toElements(nodes)[0] ?? null;
}

/** Every element of that name below `root`, itself included, in the document's order. */
export function findAll(root: XmlElement, name: string): XmlElement[] {
  const found: XmlElement[] = [];
  const collect = (element: XmlElement): void => {
    if (element.name === name) found.push(element);
    element.children.forEach(collect);
  };
  collect(root);
  return found;
}

/** The children of that name. */
export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** fast-xml-parser's ordered form: [{name: [children], ":@": {attributes}}, {"#text": "…"}]. */
function toElements(nodes: unknown): XmlElement[] {
  const elements: XmlElement[] = [];
  for (const node of asArray(nodes)) {
    if (typeof node !== "object" || node === null) continue;
    const fields = Object.entries(node);
    const content = fields.find(([key]) => key !== ":@" && key !== "#text");
    if (!content) continue;
    const attributes = fields.find(([key]) => key === ":@")?.[1] as Record<string, string>;
    elements.push({
      name: content[0],
      attributes: attributes ?? {},
      children: toElements(content[1]),
      text: textOf(content[1]),
    });
  }
  return elements;
}

function textOf(nodes: unknown): string {
  let text = "";
  for (const node of asArray(nodes)) {
    if (typeof node === "object" && node !== null && "#text" in node) text += String(node["#text"]);
  }
  return text.trim();
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
