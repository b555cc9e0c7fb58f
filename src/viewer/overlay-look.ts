import type { RunInfo } from "../server/api.ts";
import { visibleColors } from "./class-colors.ts";
import { byId } from "./element.ts";
import { fail } from "./notice.ts";
import type { OverlayCanvas } from "./overlay-canvas.ts";
import {
  DEFAULT_CHOICE,
  type OverlayChoice,
  type OverlayControls,
  overlayControls,
} from "./overlay-controls.ts";
import type { Coloring } from "./overlay-scene.ts";
import { getColumn } from "./server-client.ts";

/** How the overlay looks: what was chosen, the controls for it, and the values that it is coloured by. */
export class OverlayLook {
  readonly choice: OverlayChoice = { ...DEFAULT_CHOICE, hiddenClasses: new Set() };
  readonly #overlay: OverlayCanvas;
  readonly #columns = new Map<number, Float32Array>();
  #run: RunInfo | null = null;
  #controls: OverlayControls | null = null;

  constructor(overlay: OverlayCanvas) {
    this.#overlay = overlay;
  }

  /** Takes another run's objects, or none; what was chosen of the classes and measurements of those before is dropped. */
  show(run: RunInfo | null): void {
    this.#run = run;
    if (run) return;
    this.#columns.clear();
    this.choice.colorBy = null;
    this.choice.hiddenClasses.clear();
  }

  /** The panel's part that changes it, made anew; null where there are no objects. */
  controls(): HTMLElement | null {
    const info = this.#run?.overlay;
    this.#controls = info ? overlayControls(info, this.choice, () => void this.apply()) : null;
    return this.#controls?.root ?? null;
  }

  toggle(): void {
    this.choice.visible = !this.choice.visible;
    void this.apply();
  }

  /** Shows a choice that was changed by a key. */
  sync(): void {
    this.#controls?.sync();
    void this.apply();
  }

  /** Gives the overlay its look; colours by value wait for the values. */
  async apply(): Promise<void> {
    const run = this.#run;
    if (!run?.overlay) return;
    byId("toggle-overlay").setAttribute("aria-pressed", String(this.choice.visible));
    document.body.dataset.overlay = this.choice.visible ? "on" : "off";
    try {
      const coloring = await this.#coloring(run);
      if (this.#run !== run) return;
      this.#overlay.setLook({
        ...this.choice,
        coloring,
        hiddenClasses: new Set(this.choice.hiddenClasses),
      });
      document.body.dataset.colorBy = coloring.by;
    } catch (error) {
      if (this.#run === run) fail(error);
    }
  }

  async #coloring(run: RunInfo): Promise<Coloring> {
    const overlay = run.overlay!;
    const index = this.choice.colorBy;
    const measurement = index === null ? undefined : overlay.measurements[index];
    if (index === null || !measurement) {
      return { by: "class", colors: visibleColors(overlay.classes) };
    }
    let values = this.#columns.get(index);
    if (!values) {
      values = await getColumn(run.id, index, overlay.version);
      if (this.#run === run) this.#columns.set(index, values);
    }
    return { by: "value", values, low: measurement.low, high: measurement.high };
  }
}
