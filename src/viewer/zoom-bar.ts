import { byId, element } from "./element.ts";
import { formatMagnification, formatResolution } from "./quantities.ts";
import { scaleBar } from "./scale-bar.ts";
import type { SlideView } from "./slide-view.ts";

/** Magnifications that microscopes have. */
const MAGNIFICATIONS = [1.25, 2.5, 5, 10, 20, 40];
/** Screen px per level-0 px, for slides of unknown scale. */
const RATIOS = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1];
const SCALE_BAR_ROOM = 180;

/** The zoom buttons and readout in the bar, and the scale bar over the slide. */
export class ZoomBar {
  readonly #view: SlideView;
  /** µm per level-0 px, or null when unknown. */
  #mpp: number | null = null;
  #stops: { readonly scale: number; readonly button: HTMLButtonElement }[] = [];

  constructor(view: SlideView) {
    this.#view = view;
    byId("zoom-in").addEventListener("click", () => view.zoomBy(2));
    byId("zoom-out").addEventListener("click", () => view.zoomBy(0.5));
    view.viewer.addHandler("update-viewport", () => this.update());
  }

  /** Makes the buttons that suit the slide on screen, of so many µm per level-0 px. */
  rebuild(mpp: number | null): void {
    this.#mpp = mpp;
    // A magnification of m shows 10/m µm per CSS px.
    const stops = mpp
      ? MAGNIFICATIONS.map((m) => ({ scale: (m * mpp) / 10, text: formatMagnification(m) }))
      : RATIOS.map((scale) => ({ scale, text: `1:${Math.round(1 / scale)}` }));
    const [smallest, largest] = [this.#view.fitScale(), 1.1];
    const usable = stops
      .filter(({ scale }) => scale > smallest * 0.9 && scale <= largest)
      .slice(-5);
    const fit = element(
      "button",
      { type: "button", title: "Whole slide (0)", "aria-keyshortcuts": "0" },
      "Fit",
    );
    fit.addEventListener("click", () => this.#view.fit());
    this.#stops = usable.map(({ scale, text }) => {
      const button = element("button", { type: "button", title: `Show at ${text}` }, text);
      button.addEventListener("click", () => this.#view.zoomToScale(scale));
      return { scale, button };
    });
    byId("magnifications").replaceChildren(fit, ...this.#stops.map(({ button }) => button));
    this.update();
  }

  update(): void {
    const place = this.#view.place(true);
    byId("scale").hidden = !place;
    if (!place) {
      byId("zoom").replaceChildren();
      return;
    }
    const mpp = this.#mpp;
    const screenMpp = mpp === null ? null : mpp / place.scale;
    byId("zoom").replaceChildren(
      element("strong", {}, screenMpp === null ? "" : formatMagnification(10 / screenMpp)),
      element(
        "span",
        {},
        screenMpp === null
          ? `${Number((100 * place.scale).toPrecision(3))} %`
          : formatResolution(screenMpp),
      ),
    );
    for (const { scale, button } of this.#stops) {
      button.setAttribute("aria-current", String(Math.abs(scale / place.scale - 1) < 0.02));
    }
    const bar = scaleBar(place.scale, mpp, SCALE_BAR_ROOM);
    byId("scale-line").style.width = `${bar.length}px`;
    byId("scale-label").textContent = bar.label;
    byId("scale").setAttribute("aria-label", `Scale bar: ${bar.label}`);
  }
}
