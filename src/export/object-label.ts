import { isColor } from "./check-feature.ts";
import { isObject, show } from "./check-rules.ts";

/** What is said of an object beside its class and measurements, as QuPath keeps it. */
export interface ObjectLabel {
  readonly name?: string;
  /** Present where QuPath must not change it. */
  readonly isLocked?: true;
  /** QuPath's map of texts. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The object's own colour, before that of its class: [red, green, blue(, alpha)], or packed. */
  readonly color?: number | readonly number[];
}

/** What is said of some objects, by their ids. */
export interface ObjectLabels {
  get(id: string): ObjectLabel | undefined;
}

/** What a feature says of itself, and what of that cannot be kept. */
export interface ReadLabel {
  /** Null where it says nothing. */
  readonly label: ObjectLabel | null;
  /** What was left out, each in words. */
  readonly faults: readonly string[];
}

/** More is no name or metadata of an object: characters of a name, entries, characters of a key and of a value. */
const MOST = { name: 1000, entries: 100, key: 200, value: 10_000 };
/** So many faults of one feature are told. */
const MOST_FAULTS = 10;

const NOTHING: ReadLabel = { label: null, faults: [] };

/** Reads name, lock, metadata and colour of a feature's properties. What is of the wrong type or too long is left out. */
export function readLabel(properties: Readonly<Record<string, unknown>>): ReadLabel {
  const { name, isLocked, metadata, color } = properties;
  if ((name ?? isLocked ?? metadata ?? color) === undefined) return NOTHING;
  const faults: string[] = [];
  const leave = (fault: string): void => {
    if (faults.length < MOST_FAULTS) faults.push(fault);
  };
  const label: { -readonly [K in keyof ObjectLabel]: ObjectLabel[K] } = {};
  if (isText(name, MOST.name)) {
    if (name !== "") label.name = name;
  } else if (isThere(name)) leave(`its name is ${described(name, MOST.name)}`);
  if (isLocked === true) label.isLocked = true;
  else if (isThere(isLocked) && isLocked !== false) leave(`its isLocked is ${show(isLocked)}`);
  if (isObject(metadata)) {
    const entries = metadataOf(metadata, leave);
    if (entries.length > 0) label.metadata = Object.fromEntries(entries);
  } else if (isThere(metadata)) leave(`its metadata are ${show(metadata)}`);
  if (isColor(color)) label.color = color;
  else if (isThere(color)) leave(`its color is ${show(color)}`);
  return { label: Object.keys(label).length > 0 ? label : null, faults };
}

/** Characters that a label holds on to. */
export function textOfLabel({ name = "", metadata = {} }: ObjectLabel): number {
  let length = name.length;
  for (const [key, value] of Object.entries(metadata)) length += key.length + value.length;
  return length;
}

function metadataOf(
  metadata: Readonly<Record<string, unknown>>,
  leave: (fault: string) => void,
): [string, string][] {
  const kept: [string, string][] = [];
  let entries = 0;
  for (const key in metadata) {
    if (++entries > MOST.entries) {
      leave(`its metadata have more than ${MOST.entries} entries; those after are not kept`);
      break;
    }
    const value = metadata[key];
    const text = typeof value === "number" || typeof value === "boolean" ? String(value) : value;
    if (key.length > MOST.key) leave(`its metadata have a key of ${key.length} characters`);
    else if (isText(text, MOST.value)) kept.push([key, text]);
    else leave(`its metadata ${show(key)} are ${described(value, MOST.value)}`);
  }
  return kept;
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length <= most;
}

function described(value: unknown, most: number): string {
  if (typeof value !== "string") return `${show(value)}; expected text`;
  return `${value.length} characters long; expected ${most} at most`;
}
