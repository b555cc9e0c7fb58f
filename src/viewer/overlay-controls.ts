import type { OverlayInfo } from "../server/api.ts";
import { visibleColors } from "./class-colors.ts";
import { cssColor, rampColor } from "./color-ramp.ts";
import { element, section } from "./element.ts";
import { formatCount, formatValue, labelOf } from "./quantities.ts";

/** What a person has chosen about the overlay; kept from run to run. */
export interface OverlayChoice {
  visible: boolean;
  opacity: number;
  filled: boolean;
  /** Position of a measurement, or null for the class. */
  colorBy: number | null;
  hiddenClasses: Set<number>;
}

export const DEFAULT_CHOICE: Readonly<Omit<OverlayChoice, "hiddenClasses">> = {
  visible: true,
  opacity: 0.9,
  filled: false,
  colorBy: null,
};

/** The panel's part that sets the overlay's look. */
export interface OverlayControls {
  readonly root: HTMLElement;
  /** Shows the choice again after a key has changed it. */
  sync(): void;
}

/** Builds the controls over a choice that they change in place; `onChange` is told of every change. */
export function overlayControls(
  info: OverlayInfo,
  choice: OverlayChoice,
  onChange: () => void,
): OverlayControls {
  const opacity = element("input", { id: "opacity", type: "range", min: 10, max: 100, step: 5 });
  opacity.addEventListener("input", () => {
    choice.opacity = Number(opacity.value) / 100;
    onChange();
  });

  const style = (value: string, text: string) =>
    element("label", {}, element("input", { type: "radio", name: "style", value }), text);
  const styles = element(
    "div",
    { class: "choice", role: "radiogroup", "aria-label": "Drawing" },
    style("outline", "Outline"),
    style("fill", "Filled"),
  );
  styles.addEventListener("change", (event) => {
    choice.filled = (event.target as HTMLInputElement).value === "fill";
    onChange();
  });

  const color = element("select", { id: "color-by" });
  color.append(element("option", { value: "class" }, "Class"));
  for (const index of inOrder(info)) {
    const { label } = labelOf(info.measurements[index]!.name);
    color.append(element("option", { value: index }, label));
  }
  color.addEventListener("change", () => {
    choice.colorBy = color.value === "class" ? null : Number(color.value);
    sync();
    onChange();
  });

  const legend = element("div", { class: "legend", id: "legend" });
  const sync = () => {
    opacity.value = String(Math.round(choice.opacity * 100));
    for (const radio of styles.querySelectorAll("input")) {
      radio.checked = (radio.value === "fill") === choice.filled;
    }
    color.value = choice.colorBy === null ? "class" : String(choice.colorBy);
    legend.replaceChildren(
      choice.colorBy === null
        ? classLegend(info, choice, onChange)
        : rampLegend(info, choice.colorBy),
    );
  };
  sync();

  const root = section(
    "overlay",
    "Overlay",
    row(element("span", { class: "label" }, "Drawing"), styles),
    row(element("label", { for: "opacity" }, "Opacity"), opacity),
    row(element("label", { for: "color-by" }, "Colour by"), color),
    legend,
  );
  return { root, sync };
}

/** The model's score first: it is what one looks for. */
function inOrder(info: OverlayInfo): readonly number[] {
  const all = info.measurements.map((_, index) => index);
  return info.score === null ? all : [info.score, ...all.filter((index) => index !== info.score)];
}

function row(label: HTMLElement, control: HTMLElement): HTMLElement {
  return element("div", { class: "control" }, label, control);
}

function classLegend(info: OverlayInfo, choice: OverlayChoice, onChange: () => void): HTMLElement {
  const list = element("ul", { "aria-label": "Classes" });
  const colors = visibleColors(info.classes);
  info.classes.forEach(({ name, count }, index) => {
    const swatch = element("span", { class: "swatch" });
    swatch.style.background = cssColor(colors[index]!);
    const label = element("label", {});
    if (info.classes.length > 1) {
      const box = element("input", { type: "checkbox" });
      box.checked = !choice.hiddenClasses.has(index);
      box.addEventListener("change", () => {
        if (box.checked) choice.hiddenClasses.delete(index);
        else choice.hiddenClasses.add(index);
        onChange();
      });
      label.append(box);
    }
    label.append(swatch, element("span", {}, name), element("span", {}, formatCount(count)));
    list.append(element("li", {}, label));
  });
  return list;
}

function rampLegend(info: OverlayInfo, measurement: number): HTMLElement {
  const { name, low, high } = info.measurements[measurement]!;
  const { label, unit } = labelOf(name);
  const bar = element("div", { class: "ramp", role: "img", "aria-label": `${label}, low to high` });
  const stops = Array.from({ length: 13 }, (_, i) => cssColor(rampColor(i / 12)));
  bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  const end = (sign: string, value: number) => `${sign} ${formatValue(value)} ${unit}`.trim();
  return element(
    "div",
    {},
    bar,
    element(
      "div",
      { class: "ramp-ends" },
      element("span", {}, end("≤", low)),
      element("span", {}, end("≥", high)),
    ),
  );
}
