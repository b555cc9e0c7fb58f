/** What a file changes in a run's objects. */
export interface ImportReport {
  /** Objects of the run, and polygons' features of the file. */
  readonly original: number;
  readonly imported: number;
  readonly unchanged: number;
  readonly reshaped: number;
  readonly reclassified: number;
  /** Of both: these count under each. */
  readonly reshapedAndReclassified: number;
  /** Objects that the file does not have, and that are gone (or kept, where that was asked for). */
  readonly missing: number;
  readonly deleted: number;
  readonly added: number;
  /** Pieces beyond the largest of an object in several pieces: objects of their own. */
  readonly pieces: number;
  /** Objects whose outline was not valid and was mended. */
  readonly mended: number;
  /** Objects of the corrected set with a name, lock, metadata or colour of their own. */
  readonly labelled: number;
  /** Features that are no objects of the run's kind, by what they are. */
  readonly setAside: Readonly<Record<string, number>>;
  /** Objects that could not be taken. */
  readonly leftOut: number;
  /** Names, locks, metadata and colours of objects that could not be kept. */
  readonly labelsLeftOut: number;
  /** Of both, which and why: the first hundred. */
  readonly left: readonly { readonly id: string | null; readonly why: string }[];
  /** Objects of the corrected set. */
  readonly objects: number;
  /** Names in the run folder. */
  readonly files: readonly string[];
}

const MOST_LEFT = 100;
/** Kinds of features that are told apart; a file may have any number of classes. */
const MOST_KINDS = 100;

/** What an import counts as it goes through its file. */
export class ImportTally {
  imported = 0;
  unchanged = 0;
  reshaped = 0;
  reclassified = 0;
  reshapedAndReclassified = 0;
  added = 0;
  pieces = 0;
  mended = 0;
  leftOut = 0;
  labelsLeftOut = 0;
  readonly #setAside = new Map<string, number>();
  readonly left: { id: string | null; why: string }[] = [];

  get setAside(): Record<string, number> {
    return Object.fromEntries(this.#setAside);
  }

  own(reshaped: boolean, reclassified: boolean): void {
    if (reshaped) this.reshaped++;
    if (reclassified) this.reclassified++;
    if (reshaped && reclassified) this.reshapedAndReclassified++;
    if (!reshaped && !reclassified) this.unchanged++;
  }

  aside(why: string): void {
    const isTold = this.#setAside.has(why) || this.#setAside.size < MOST_KINDS;
    const kind = isTold ? why : "of other kinds";
    this.#setAside.set(kind, (this.#setAside.get(kind) ?? 0) + 1);
  }

  leave(id: string | null, why: string): void {
    this.leftOut++;
    this.#tell(id, why);
  }

  leaveLabels(id: string | null, faults: readonly string[]): void {
    this.labelsLeftOut += faults.length;
    for (const fault of faults) this.#tell(id, `${fault}: not kept`);
  }

  /** What it counted, for a report. */
  counts() {
    const { imported, unchanged, reshaped, reclassified, reshapedAndReclassified } = this;
    const { added, pieces, mended, leftOut, labelsLeftOut, setAside, left } = this;
    return {
      imported,
      unchanged,
      reshaped,
      reclassified,
      reshapedAndReclassified,
      added,
      pieces,
      mended,
      leftOut,
      labelsLeftOut,
      setAside,
      left,
    };
  }

  #tell(id: string | null, why: string): void {
    if (this.left.length < MOST_LEFT) this.left.push({ id, why });
  }
}
