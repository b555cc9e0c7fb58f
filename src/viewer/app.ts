import type { ItemList, ObjectInfo, RunInfo } from "../server/api.ts";
import { visibleColors } from "./class-colors.ts";
import type { Rgb } from "./color-ramp.ts";
import { objectsSection, runSection, selectionSection, slideSection } from "./details.ts";
import { byId } from "./element.ts";
import { InViewCount } from "./in-view-count.ts";
import { fillItemSelect, type Item, itemsOf } from "./item-select.ts";
import { bindKeys, keyRows } from "./keyboard.ts";
import { fail, hideNotice, tell } from "./notice.ts";
import { OverlayCanvas } from "./overlay-canvas.ts";
import { OverlayLook } from "./overlay-look.ts";
import { readAddress, writeAddress } from "./page-address.ts";
import { pageKeys } from "./page-keys.ts";
import { pixelSize } from "./pixel-size.ts";
import { SegmentTool } from "./segment-tool.ts";
import { getRun, getSlide, hitTest, listItems } from "./server-client.ts";
import { SlideView } from "./slide-view.ts";
import { ZoomBar } from "./zoom-bar.ts";

/** A click reaches this far for a small object, CSS px. */
const REACH = 6;

/** The page: what is on screen, and what each part of it does to the others. */
export class App {
  readonly #view: SlideView;
  readonly #zoomBar: ZoomBar;
  readonly #overlay: OverlayCanvas;
  readonly #inView: InViewCount;
  readonly #tool: SegmentTool;
  readonly #look: OverlayLook;
  #items: readonly Item[] = [];
  #item: Item | null = null;
  #run: RunInfo | null = null;
  /** How often something else was asked for: what comes late is not shown. */
  #turn = 0;

  constructor() {
    this.#view = new SlideView(byId("slide"), byId("map"), (message) =>
      tell(`A part of the slide could not be read (${message}). Move on, or reload the page.`),
    );
    this.#zoomBar = new ZoomBar(this.#view);
    this.#overlay = new OverlayCanvas(
      this.#view.viewer,
      (drawn, complete) => {
        document.body.dataset.drawn = String(drawn);
        document.body.dataset.settled = String(complete && document.body.dataset.ready === "true");
      },
      fail,
    );
    this.#look = new OverlayLook(this.#overlay);
    this.#view.viewer.addHandler("canvas-click", (event) => {
      if (event.quick && !this.#tool.on) void this.#click(event.position);
    });
    this.#view.viewer.addHandler("animation-finish", () => this.#cameToRest());
    this.#inView = new InViewCount(this.#view, fail);
    this.#tool = new SegmentTool(this.#view, (on) => {
      byId("toggle-segment").setAttribute("aria-pressed", String(on));
      // What the tool says is in the panel.
      if (on && document.body.dataset.panel === "off") this.#togglePanel();
    });
    this.#bindPage();
  }

  /** Loads the list of items and shows the one that the address names, or the first. */
  async start(): Promise<void> {
    try {
      const list = await listItems();
      this.#items = itemsOf(list);
      const address = readAddress(location.hash);
      const first = this.#find(address.item) ?? this.#initial(list);
      if (!first) {
        tell("There are no slides and no runs in this folder.", "calm");
        document.body.dataset.ready = "true";
        return;
      }
      await this.#show(first);
      if (address.place) this.#view.goTo(address.place, true);
    } catch (error) {
      fail(error);
      document.body.dataset.ready = "failed";
    }
  }

  /** Follows an address that was typed or pasted while the page was open. */
  async #follow(): Promise<void> {
    const address = readAddress(location.hash);
    const item = this.#find(address.item);
    if (item && item !== this.#item) await this.#show(item);
    if (address.place) this.#view.goTo(address.place, true);
  }

  #find(id: string | null): Item | undefined {
    return this.#items.find((item) => item.id === id);
  }

  #initial(list: ItemList): Item | undefined {
    return this.#find(list.initial.run) ?? this.#find(list.initial.slide) ?? this.#items[0];
  }

  /** Shows an item; `runId` may stand for other objects of its run. What was asked for before and is not there yet is given up. */
  async #show(item: Item, runId: string | null = item.run?.id ?? null): Promise<void> {
    const turn = ++this.#turn;
    try {
      await this.#load(item, runId, () => turn === this.#turn);
    } catch (error) {
      // What went wrong with something else is no longer of interest.
      if (turn === this.#turn) throw error;
    }
  }

  async #load(item: Item, runId: string | null, isWanted: () => boolean): Promise<void> {
    document.body.dataset.ready = "false";
    document.body.dataset.settled = "false";
    hideNotice();
    this.#item = item;
    this.#run = null;
    this.#look.show(null);
    this.#select(null);
    this.#overlay.show(null);
    this.#inView.show(null);
    fillItemSelect(byId<HTMLSelectElement>("item"), this.#items, item);
    document.title = `${item.label} – microtome`;

    const run = runId === null ? null : getRun(runId);
    // Looked at below; until then a failure is nobody's unhandled rejection.
    run?.catch(() => {});
    if (!item.slide) this.#view.close();
    else if (this.#view.slide?.id !== item.slide) {
      const slide = await getSlide(item.slide);
      if (!isWanted()) return;
      await this.#view.open(slide);
    } else await this.#view.ready();
    if (!isWanted()) return;
    this.#tool.show(this.#view.slide, item.run?.task ?? null);
    this.#fillPanel();
    const loaded = run ? await run : null;
    if (!isWanted()) return;
    this.#run = loaded;
    this.#look.show(loaded);
    this.#tool.slideMpp = loaded?.mpp.source === "override" ? loaded.mpp.slide : null;
    if (loaded) this.#showRun(loaded);
    this.#fillPanel();
    this.#inView.show(loaded?.overlay ? loaded.id : null);
    document.body.dataset.objects = String(loaded?.overlay?.objects ?? 0);
    document.body.dataset.ready = "true";
    this.#overlay.redraw();
  }

  #showRun(run: RunInfo): void {
    const { slide } = this.#view;
    if (!run.slide || !slide) {
      tell(
        `The slide ${run.slideName} is not where the run was made, or has changed since. Put it beside the run's folder and reload.`,
      );
      return;
    }
    if (!run.overlay) {
      tell(`This run has no objects yet: it is ${run.state}. Go on with it with --resume.`, "calm");
      return;
    }
    this.#overlay.show({ run: run.id, info: run.overlay, slide });
    void this.#look.apply();
  }

  /** What the panel and the bar say of the slide and, once it is loaded, of the run. */
  #fillPanel(): void {
    const { slide } = this.#view;
    const run = this.#run;
    this.#zoomBar.rebuild(pixelSize(slide, run)?.mpp ?? null);
    const controls = this.#look.controls();
    const parts: HTMLElement[] = [this.#tool.section.root];
    if (run) parts.push(objectsSection(run, (id) => this.#switchObjects(id)));
    if (run?.overlay) parts.push(selectionSection(null, null, () => {}));
    if (controls) parts.push(controls);
    if (run) parts.push(runSection(run));
    if (slide) parts.push(slideSection(slide, run));
    byId("panel").replaceChildren(...parts);
    byId("toggle-overlay").hidden = !run?.overlay;
  }

  /** Shows the run's other objects, and leaves the view where it is. */
  #switchObjects(runId: string): void {
    if (this.#item) this.#show(this.#item, runId).catch(fail);
  }

  async #click(position: { readonly x: number; readonly y: number }): Promise<void> {
    const run = this.#run;
    const place = this.#view.place(true);
    if (!run?.overlay || !place || !this.#look.choice.visible) return;
    const { x, y } = this.#view.toSlide(position);
    try {
      const { object } = await hitTest(run.id, x, y, REACH / place.scale);
      if (this.#run === run) this.#select(object);
    } catch (error) {
      fail(error);
    }
  }

  #select(object: ObjectInfo | null): void {
    this.#overlay.select(object);
    const old = document.getElementById("selection");
    old?.replaceWith(selectionSection(object, this.#colorOf(object), () => this.#select(null)));
  }

  #colorOf(object: ObjectInfo | null): Rgb | null {
    const classes = this.#run?.overlay?.classes ?? [];
    const index = classes.findIndex(({ name }) => name === object?.className);
    return visibleColors(classes)[index] ?? null;
  }

  #cameToRest(): void {
    if (!this.#item) return;
    const address = writeAddress({ item: this.#item.id, place: this.#view.place(false) });
    history.replaceState(null, "", address);
  }

  #bindPage(): void {
    const select = byId<HTMLSelectElement>("item");
    select.addEventListener("change", () => {
      const item = this.#find(select.value);
      if (item) {
        this.#show(item).then(() => this.#cameToRest(), fail);
      }
    });
    window.addEventListener("hashchange", () => {
      this.#follow().catch(fail);
    });
    byId("notice-close").addEventListener("click", hideNotice);
    byId("toggle-overlay").addEventListener("click", () => this.#look.toggle());
    byId("toggle-segment").addEventListener("click", () => this.#tool.toggle());
    byId("toggle-panel").addEventListener("click", () => this.#togglePanel());
    const dialog = byId<HTMLDialogElement>("keys");
    byId("help").addEventListener("click", () => dialog.showModal());
    const bindings = pageKeys({
      view: this.#view,
      choice: this.#look.choice,
      score: () => this.#run?.overlay?.score ?? null,
      restyle: () => this.#look.sync(),
      toggleOverlay: () => this.#look.toggle(),
      togglePanel: () => this.#togglePanel(),
      clearSelection: () => this.#select(null),
      tool: this.#tool,
      showKeys: () => dialog.showModal(),
    });
    byId("keys-body").replaceChildren(...keyRows(bindings));
    bindKeys(bindings);
  }

  #togglePanel(): void {
    const off = document.body.dataset.panel === "off";
    document.body.dataset.panel = off ? "on" : "off";
    byId("toggle-panel").setAttribute("aria-pressed", String(off));
  }
}
