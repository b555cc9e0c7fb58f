import type { ClickAnswer, ClickReadiness, SlideInfo } from "../server/api.ts";
import { ClickCanvas } from "./click-canvas.ts";
import type { KeptObject } from "./kept-geojson.ts";
import { KeptObjects } from "./kept-objects.ts";
import { formatValue } from "./quantities.ts";
import { type PointedBox, type Position, SegmentPointer } from "./segment-pointer.ts";
import { SegmentSection } from "./segment-section.ts";
import {
  type ClickPrompt,
  type ClickTarget,
  prepareClick,
  RequestFailed,
  sendClick,
} from "./server-client.ts";
import type { SlideView } from "./slide-view.ts";

const NOTHING: ClickPrompt = { points: [] };
const HELP =
  "Click an object, or drag a box round it. Keys: X in the middle of the view, Enter keeps, Esc drops.";

/** Segments what is clicked on: a tool that is on or off, over whichever slide is shown. */
export class SegmentTool {
  readonly section: SegmentSection;
  /** µm per level-0 px that a run was told; null for the file's own. */
  slideMpp: number | null = null;
  readonly #view: SlideView;
  readonly #canvas: ClickCanvas;
  readonly #kept = new KeptObjects();
  readonly #onToggle: (on: boolean) => void;
  #slide: SlideInfo | null = null;
  #on = false;
  #task = "nuclei";
  #takes: ClickReadiness["takes"] | null = null;
  #prompt: ClickPrompt = NOTHING;
  #answer: ClickAnswer | null = null;
  #shown = 0;
  #message = HELP;
  #asking: AbortController | null = null;
  #resting: AbortController | null = null;

  constructor(view: SlideView, onToggle: (on: boolean) => void) {
    this.#view = view;
    this.#onToggle = onToggle;
    this.#canvas = new ClickCanvas(view.viewer);
    this.section = new SegmentSection({
      setTask: (task) => this.#setTask(task),
      keep: () => this.keep(),
      next: () => this.next(),
      drop: () => this.#drop(HELP),
      remove: (id) => {
        this.#kept.remove(id);
        this.#show();
      },
      goTo: (object) => this.#goTo(object),
      download: () => this.#download(),
    });
    this.section.root.hidden = true;
    new SegmentPointer(view, {
      slide: () => (this.#on ? this.#slide : null),
      takesBoxes: () => this.#takes?.boxes !== false,
      point: (at, beside) => this.#addPoint(at, beside),
      box: (box, isDone) => this.#drawBox(box, isDone),
      rest: (at) => this.#prepare(at),
    });
  }

  get on(): boolean {
    return this.#on;
  }

  /** Goes over to another slide; `task` is what it was segmented for, if it was. */
  show(slide: SlideInfo | null, task: string | null): void {
    if (slide && slide.id !== this.#slide?.id) this.#kept.show(slide.id);
    this.#slide = slide;
    this.slideMpp = null;
    if (task === "nuclei" || task === "tumor" || task === "tissue") this.#task = task;
    if (!slide && this.#on) this.toggle();
    this.#takes = null;
    this.#drop(HELP);
    if (this.#on) void this.#learn();
  }

  toggle(): void {
    if (!this.#slide && !this.#on) return;
    this.#on = !this.#on;
    this.section.root.hidden = !this.#on;
    this.#view.viewer.canvas.classList.toggle("segmenting", this.#on);
    this.#drop(HELP);
    this.#onToggle(this.#on);
    if (this.#on) void this.#learn();
  }

  /** Segments what lies in the middle of the view. */
  clickMiddle(beside: boolean): void {
    const place = this.#view.place(true);
    if (this.#on && place) this.#addPoint(place, beside);
  }

  /** Keeps the mask that is shown. */
  keep(): void {
    const answer = this.#answer;
    const feature = answer?.features[this.#shown];
    if (!answer || !feature) return;
    this.#kept.add({ feature, madeBy: answer.microtome, bounds: answer.click.bounds });
    const count = this.#kept.all.length;
    this.#drop(`Kept: ${count} ${count === 1 ? "object" : "objects"}.`);
  }

  /** Shows the next of the masks that the model has. */
  next(): void {
    const count = this.#answer?.features.length ?? 0;
    if (count > 1) this.#shown = (this.#shown + 1) % count;
    this.#show();
  }

  /** Drops what was found, or else turns the tool off; false where it is off. */
  escape(): boolean {
    if (!this.#on) return false;
    const isIdle = this.#answer === null && this.#prompt === NOTHING;
    if (isIdle) this.toggle();
    else this.#drop(HELP);
    return true;
  }

  /** Takes back the last point, or else the object that was kept last. */
  undo(): void {
    if (!this.#on) return;
    const { points, box } = this.#prompt;
    if (points.length > 1) {
      void this.#ask({ points: points.slice(0, -1), ...(box ? { box } : {}) });
    } else if (this.#prompt !== NOTHING) {
      this.#drop(HELP);
    } else {
      this.#kept.removeLast();
      this.#show();
    }
  }

  /** Opens the model before the first click, and learns what it takes. */
  async #learn(): Promise<void> {
    const slide = this.#slide;
    if (!slide) return;
    try {
      const { takes } = await prepareClick(this.#target(slide), NOTHING);
      if (this.#slide === slide) this.#takes = takes;
    } catch (error) {
      this.#drop(textOf(error));
    }
  }

  #target({ id }: SlideInfo): ClickTarget {
    const told = this.slideMpp === null ? {} : { slideMpp: this.slideMpp };
    return { slide: id, task: this.#task, ...told };
  }

  #setTask(task: string): void {
    this.#task = task;
    this.#takes = null;
    this.#drop(HELP);
    void this.#learn();
  }

  #addPoint({ x, y }: Position, beside: boolean): void {
    const { points, box } = this.#prompt;
    const takes = this.#takes;
    if (beside && takes && !takes.negativePoints) {
      this.#say("This model takes no points beside an object: click the object, or drag a box.");
      return;
    }
    if (beside && points.length === 0 && !box) {
      this.#say("First click the object, then what does not belong to it.");
      return;
    }
    const goesOn = takes !== null && points.length < takes.mostPoints;
    const before = goesOn && (!box || takes.boxWithPoints) ? this.#prompt : NOTHING;
    void this.#ask({ ...before, points: [...before.points, { x, y, label: beside ? 0 : 1 }] });
  }

  #drawBox(box: PointedBox | null, isDone: boolean): void {
    if (box === null) {
      this.#drop(HELP);
    } else if (isDone) {
      void this.#ask({ points: [], box });
    } else {
      this.#drop("");
      this.#prompt = { points: [], box };
      this.#show();
    }
  }

  /** The patch round a place where a click may come is encoded ahead of it. */
  #prepare({ x, y }: Position): void {
    const slide = this.#slide;
    if (!slide) return;
    this.#resting?.abort();
    this.#resting = new AbortController();
    const prompt: ClickPrompt = { points: [{ x, y, label: 1 }] };
    // What goes wrong here goes wrong again with the click, and is told then.
    prepareClick(this.#target(slide), prompt, this.#resting.signal).catch(() => {});
  }

  async #ask(prompt: ClickPrompt): Promise<void> {
    const slide = this.#slide;
    if (!slide) return;
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#prompt = prompt;
    this.#say("Looking …");
    document.body.dataset.segmenting = "true";
    try {
      const answer = await sendClick(this.#target(slide), prompt, asking.signal);
      if (this.#asking !== asking) return;
      this.#answer = answer.features.length > 0 ? answer : null;
      this.#shown = 0;
      this.#say(describe(answer));
    } catch (error) {
      if (this.#asking !== asking) return;
      this.#drop(textOf(error));
    } finally {
      if (this.#asking === asking) document.body.dataset.segmenting = "false";
    }
  }

  #drop(message: string): void {
    this.#asking?.abort();
    this.#asking = null;
    document.body.dataset.segmenting = "false";
    this.#prompt = NOTHING;
    this.#answer = null;
    this.#shown = 0;
    this.#say(message);
  }

  #say(message: string): void {
    this.#message = message;
    this.#show();
  }

  #show(): void {
    const kept = this.#kept.all;
    this.section.show({
      task: this.#task,
      message: this.#message,
      found: this.#answer?.features.length ?? 0,
      shown: this.#shown,
      kept,
    });
    const drawing = {
      kept: kept.map(({ feature }) => feature),
      found: this.#answer?.features[this.#shown] ?? null,
      prompt: this.#prompt,
      cross: true,
    };
    this.#canvas.show(this.#on ? drawing : null);
  }

  #goTo({ feature }: KeptObject): void {
    const ring = feature.geometry.coordinates[0]!;
    const middle = (values: readonly number[]) => (Math.min(...values) + Math.max(...values)) / 2;
    const place = this.#view.place(false);
    if (!place) return;
    const [x, y] = [middle(ring.map(([x]) => x)), middle(ring.map(([, y]) => y))];
    this.#view.goTo({ ...place, x, y }, false);
  }

  #download(): void {
    const blob = new Blob([this.#kept.toGeoJson()], { type: "application/geo+json" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${this.#slide?.name.replace(/\.[^.]+$/, "") ?? "slide"}.clicked.geojson`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

function describe({ features, click }: ClickAnswer): string {
  const [best] = features;
  if (!best) return "Nothing was found there. Click elsewhere, or drag a box.";
  const { classification, measurements } = best.properties;
  if (click.doubtful[0])
    return "Probably nothing of that kind there. Click an object, or drag a box.";
  const area = measurements["Area µm^2"];
  const score = measurements["Predicted IoU"];
  const parts = [
    classification.name,
    ...(area === undefined ? [] : [`${formatValue(area)} µm²`]),
    ...(score === undefined ? [] : [`predicted IoU ${formatValue(score)}`]),
  ];
  const cut = click.cut[0]
    ? " It reaches the border of what the model saw: drag a box round it."
    : "";
  return `${parts.join(", ")}.${cut}`;
}

function textOf(error: unknown): string {
  if (error instanceof RequestFailed) return error.message;
  return `Something went wrong in this page (${error instanceof Error ? error.message : error}).`;
}
