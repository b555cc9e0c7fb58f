import { formatCount } from "./quantities.ts";
import { countObjects } from "./server-client.ts";
import type { SlideView } from "./slide-view.ts";

const DELAY_MS = 150;

/** Keeps the panel's line "… in view" true while the view moves. */
export class InViewCount {
  readonly #view: SlideView;
  readonly #onError: (error: unknown) => void;
  #run: string | null = null;
  #timer = 0;
  /** Of which run and region the line speaks. */
  #counted = "";
  #counting: AbortController | null = null;

  constructor(view: SlideView, onError: (error: unknown) => void) {
    this.#view = view;
    this.#onError = onError;
    view.viewer.addHandler("update-viewport", () => this.#soon());
  }

  /** Counts the objects of another run, or of none. */
  show(run: string | null): void {
    this.#counting?.abort();
    this.#run = run;
    this.#counted = "";
    this.#soon();
  }

  #soon(): void {
    if (this.#timer !== 0 || this.#run === null) return;
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      void this.#count();
    }, DELAY_MS);
  }

  async #count(): Promise<void> {
    const run = this.#run;
    const region = this.#view.region();
    if (run === null || !region) return;
    // OpenSeadragon also redraws when tiles come in, without moving.
    const key = `${run} ${Object.values(region).join(" ")}`;
    if (key === this.#counted) return;
    this.#counted = key;
    this.#counting?.abort();
    const counting = new AbortController();
    this.#counting = counting;
    try {
      const { count } = await countObjects(run, region, counting.signal);
      const line = document.getElementById("in-view");
      if (line && !counting.signal.aborted) line.textContent = `${formatCount(count)} in view`;
    } catch (error) {
      if (!counting.signal.aborted) this.#onError(error);
    }
  }
}
