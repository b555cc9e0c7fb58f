import type { ObjectInfo, RunInfo, SlideInfo } from "../server/api.ts";
import { cssColor, type Rgb } from "./color-ramp.ts";
import { correctionsPart } from "./corrections.ts";
import { element, facts, section } from "./element.ts";
import { pixelSize } from "./pixel-size.ts";
import { formatCount, formatSeconds, formatValue, labelOf } from "./quantities.ts";

/**
 * How many objects there are, in view too, whether they were corrected, and the files that hold them; `onSwitch` is given
 * the id of the run's other objects.
 */
export function objectsSection(run: RunInfo, onSwitch: (run: string) => void): HTMLElement {
  const count = run.overlay?.objects ?? 0;
  const parts: HTMLElement[] = [
    element(
      "p",
      { class: "figure" },
      element("strong", { id: "object-count" }, formatCount(count)),
      element("span", {}, count === 1 ? "object" : "objects"),
    ),
    element("p", { class: "quiet", id: "in-view", "aria-live": "polite" }, ""),
  ];
  if (run.corrections) parts.push(correctionsPart(run.corrections, onSwitch));
  if (run.failureCount > 0 || run.state !== "done") parts.push(warning(run));
  const downloads = element("p", { class: "downloads" });
  run.downloads.forEach(({ name, url }, i) => {
    const look = i === 0 ? "download primary" : "download";
    const text = name.endsWith(".gz") ? "Download GeoJSON" : ".geojson";
    downloads.append(
      element(
        "a",
        {
          class: look,
          href: url,
          download: true,
          title: name.endsWith(".gz") ? name : `${name}, not compressed`,
        },
        text,
      ),
    );
  });
  const heading = run.task.charAt(0).toUpperCase() + run.task.slice(1);
  return section("objects", heading, ...parts, downloads);
}

function warning(run: RunInfo): HTMLElement {
  if (run.failureCount === 0) {
    const text =
      run.state === "running"
        ? "The run is still going: more objects may come."
        : "The run did not finish; go on with it with --resume.";
    return element("p", { class: "warning" }, text);
  }
  const patches = run.failureCount === 1 ? "1 patch" : `${formatCount(run.failureCount)} patches`;
  const list = element("ul");
  for (const { patch, message } of run.failures) {
    list.append(element("li", {}, `${patch}: ${message}`));
  }
  return element(
    "details",
    { class: "warning" },
    element("summary", {}, `${patches} failed: parts of the slide have no objects`),
    list,
  );
}

/** The object that was clicked, or what to do to see one. */
export function selectionSection(
  object: ObjectInfo | null,
  color: Rgb | null,
  onClear: () => void,
): HTMLElement {
  if (!object) {
    return section(
      "selection",
      "Object",
      element("p", { class: "quiet" }, "Click an object on the slide for its measurements."),
    );
  }
  const swatch = element("span", { class: "swatch" });
  swatch.style.background = cssColor(color ?? object.color);
  const clear = element(
    "button",
    { type: "button", class: "text-button", title: "Clear (Esc)" },
    "Clear",
  );
  clear.addEventListener("click", onClear);
  const head = element(
    "div",
    { class: "selected-head" },
    swatch,
    element("h2", { id: "selection-title" }, object.className ?? "Object"),
    clear,
  );
  const table = element(
    "table",
    { class: "measurements", "aria-labelledby": "selection-title" },
    element("tbody"),
  );
  const row = (name: string, value: string) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, value));
  const [minX, minY, maxX, maxY] = object.box;
  for (const { name, value } of object.measurements) {
    const { label, unit } = labelOf(name);
    table.tBodies[0]!.append(row(label, `${formatValue(value)} ${unit}`.trim()));
  }
  const middle = `${formatCount((minX + maxX) / 2)}, ${formatCount((minY + maxY) / 2)} px`;
  table.tBodies[0]!.append(row("Position", middle));
  return element(
    "section",
    {
      id: "selection",
      class: "section",
      "aria-labelledby": "selection-title",
      "data-object": object.id,
    },
    head,
    table,
  );
}

/** Where the objects come from. */
export function runSection(run: RunInfo): HTMLElement {
  const sha = element("code", { title: run.model.sha256 }, run.model.sha256.slice(0, 12));
  const seconds = run.seconds.total ?? Object.values(run.seconds).reduce((a, b) => a + b, 0);
  const model = element("span", {}, `${run.model.name} ${run.model.version}`.trim());
  return section(
    "run",
    "Run",
    facts([
      ["Model", model],
      ["Model SHA-256", sha],
      ["Seen at", `${formatValue(run.mpp.used)} µm/px`],
      ["Area segmented", `${formatValue(run.areaMm2)} mm²`],
      ["Time", seconds > 0 ? formatSeconds(seconds) : null],
      ["Software", run.software],
    ]),
  );
}

/** What the slide says of itself, and the scale that it is shown at: the run's, where one is shown. */
export function slideSection(slide: SlideInfo, run: RunInfo | null): HTMLElement {
  const size = pixelSize(slide, run);
  return section(
    "slide-facts",
    "Slide",
    facts([
      ["Name", slide.name],
      ["Size", `${formatCount(slide.width)} × ${formatCount(slide.height)} px`],
      ["Scale", size?.text ?? "not in the file"],
      ["Scale from", size?.source ?? null],
      ["Objective", slide.objectivePower === null ? null : `${slide.objectivePower}x`],
      ["Format", slide.vendor],
      ["Levels", slide.levels.map((level) => formatValue(level.downsample)).join(" · ")],
    ]),
  );
}
