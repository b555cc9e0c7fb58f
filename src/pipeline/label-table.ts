import { MicrotomeError } from "../errors.ts";
import { isUuid } from "../export/check-feature.ts";
import { IdTable } from "../export/id-table.ts";
import { type ObjectLabel, type ObjectLabels, textOfLabel } from "../export/object-label.ts";

/** Characters of all names and metadata together. */
const MOST_TEXT = 1 << 26;

/** One for all objects that are locked and nothing else. */
const LOCKED: ObjectLabel = { isLocked: true };

/** What is said of objects, by their ids: some 40 bytes each and the text, of which there is a bound. */
export class LabelTable implements ObjectLabels {
  readonly #path: string;
  readonly #ids = new IdTable();
  readonly #labels: ObjectLabel[] = [];
  #text = 0;

  /** `path` is the file that the labels come from. */
  constructor(path: string) {
    this.#path = path;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** Takes an object's label; of an id that is there already, the first stays. Throws MicrotomeError `corrupt-file` beyond the bound. */
  add(id: string, label: ObjectLabel): void {
    const { number, isNew } = this.#ids.add(id);
    if (!isNew) return;
    this.#text += textOfLabel(label);
    if (this.#text > MOST_TEXT) {
      throw new MicrotomeError(
        "corrupt-file",
        `${this.#path}: names and metadata of its objects come to more than ${MOST_TEXT} characters, and so many are not kept; take what is not needed out of it.`,
        { path: this.#path, expected: MOST_TEXT },
      );
    }
    this.#labels[number] = isOnlyLocked(label) ? LOCKED : label;
  }

  get(id: string): ObjectLabel | undefined {
    return isUuid(id) ? this.#labels[this.#ids.find(id)] : undefined;
  }
}

function isOnlyLocked({ isLocked, name, metadata, color }: ObjectLabel): boolean {
  return isLocked === true && (name ?? metadata ?? color) === undefined;
}
