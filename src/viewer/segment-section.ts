import { element, section } from "./element.ts";
import type { KeptObject } from "./kept-geojson.ts";
import { formatCount, formatValue } from "./quantities.ts";

/** What the tool can be asked for in its section of the panel. */
export interface SegmentActions {
  readonly setTask: (task: string) => void;
  readonly keep: () => void;
  readonly next: () => void;
  readonly drop: () => void;
  readonly remove: (id: string) => void;
  readonly goTo: (object: KeptObject) => void;
  readonly download: () => void;
}

/** What the section says. */
export interface SegmentState {
  readonly task: string;
  /** What happened last, or what can be done. */
  readonly message: string;
  /** Masks that were found, and which of them is shown, from 0. */
  readonly found: number;
  readonly shown: number;
  readonly kept: readonly KeptObject[];
}

const TASKS = [
  ["nuclei", "Nuclei"],
  ["tumor", "Glands and nests"],
  ["tissue", "Tissue"],
] as const;

/** The panel's part of the tool that segments what is clicked on. */
export class SegmentSection {
  readonly root: HTMLElement;
  readonly #actions: SegmentActions;
  readonly #task: HTMLSelectElement;
  readonly #message = element("p", { id: "segment-message", class: "quiet", role: "status" });
  readonly #buttons = element("p", { class: "downloads" });
  readonly #kept = element("ul", { id: "kept", class: "kept", "aria-label": "Kept objects" });
  readonly #download: HTMLButtonElement;

  constructor(actions: SegmentActions) {
    this.#actions = actions;
    const options = TASKS.map(([value, text]) => element("option", { value }, text));
    this.#task = element("select", { id: "segment-task" }, ...options);
    this.#task.addEventListener("change", () => actions.setTask(this.#task.value));
    this.#download = button("segment-download", "Download kept objects", "", actions.download);
    this.#download.className = "download primary";
    this.root = section(
      "segment",
      "Segment",
      element(
        "div",
        { class: "control" },
        element("label", { for: "segment-task" }, "Find"),
        this.#task,
      ),
      this.#message,
      this.#buttons,
      this.#kept,
      element("p", { class: "downloads" }, this.#download),
    );
    this.#buttons.append(
      button("segment-keep", "Keep", "Keep (Enter)", actions.keep),
      button("segment-next", "Next mask", "Next mask (N)", actions.next),
      button("segment-drop", "Drop", "Drop (Esc)", actions.drop),
    );
  }

  show({ task, message, found, shown, kept }: SegmentState): void {
    this.#task.value = task;
    const which = found > 1 ? ` Mask ${shown + 1} of ${found}.` : "";
    this.#message.textContent = message + which;
    this.#buttons.hidden = found === 0;
    this.#buttons.querySelector<HTMLElement>("#segment-next")!.hidden = found < 2;
    this.#download.parentElement!.hidden = kept.length === 0;
    this.#kept.replaceChildren(...kept.map((object, i) => this.#row(object, i)));
  }

  #row(object: KeptObject, index: number): HTMLElement {
    const { id, properties } = object.feature;
    const name = `${properties.classification.name} ${formatCount(index + 1)}`;
    const area = properties.measurements["Area µm^2"];
    const text = area === undefined ? name : `${name}, ${formatValue(area)} µm²`;
    const show = button("", text, "Show it", () => this.#actions.goTo(object));
    const remove = button("", "Remove", `Remove ${name}`, () => this.#actions.remove(id));
    remove.setAttribute("aria-label", `Remove ${name}`);
    return element("li", { "data-object": id }, show, remove);
  }
}

function button(id: string, text: string, title: string, run: () => void): HTMLButtonElement {
  const made = element(
    "button",
    { id: id || null, type: "button", class: "text-button", title: title || null },
    text,
  );
  made.addEventListener("click", run);
  return made;
}
