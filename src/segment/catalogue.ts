import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CONTRACT_NAMES, type ContractName } from "./model.ts";
import { ModelNotFoundError } from "./model-errors.ts";
import { OWN_MODELS } from "./models-folder.ts";

/** A file of a public export. `sha256` and `bytes` are null where nobody here could verify them. */
export interface CatalogueFile {
  readonly url: string;
  readonly sha256: string | null;
  readonly bytes: number | null;
  /** Weights kept beside the graph (ONNX external data). */
  readonly data?: CatalogueFile;
}

/** A public export that `models fetch` can bring here. */
export interface CatalogueEntry {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly contract: ContractName;
  readonly preprocess?: "sam" | "medsam";
  /** Who publishes it, and under which licence: to be read before use. */
  readonly home: string;
  readonly licence: string;
  readonly files: { readonly encoder: CatalogueFile; readonly decoder: CatalogueFile };
}

/** The public exports known by name (`models/catalogue.json`). */
export async function readCatalogue(): Promise<readonly CatalogueEntry[]> {
  const text = await readFile(join(OWN_MODELS, "catalogue.json"), "utf8");
  const { models } = JSON.parse(text) as { readonly models: readonly CatalogueEntry[] };
  return models.filter(({ contract }) => CONTRACT_NAMES.includes(contract));
}

/** The entry of that name. Throws ModelNotFoundError naming those there are. */
export async function catalogueEntry(name: string): Promise<CatalogueEntry> {
  const entries = await readCatalogue();
  const entry = entries.find((e) => e.name === name);
  if (entry) return entry;
  throw new ModelNotFoundError(
    `no model named "${name}" in the catalogue; there is ${entries.map((e) => e.name).join(", ")}. A model of your own is added with \`microtome models add FILE.json\``,
    { name },
  );
}

/** The files of an entry with the names they are kept under. */
export function filesOf(entry: CatalogueEntry): readonly {
  readonly role: "encoder" | "decoder";
  readonly name: string;
  readonly file: CatalogueFile;
}[] {
  return (["encoder", "decoder"] as const).flatMap((role) => {
    const file = entry.files[role];
    const own = { role, name: fileName(file.url), file };
    return file.data ? [own, { role, name: fileName(file.data.url), file: file.data }] : [own];
  });
}

/** ONNX external data is found by the name the graph states, which is the published one. */
function fileName(url: string): string {
  return decodeURIComponent(new URL(url).pathname.split("/").at(-1)!);
}
