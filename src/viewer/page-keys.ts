import type { KeyBinding } from "./keyboard.ts";
import type { OverlayChoice } from "./overlay-controls.ts";
import type { SegmentTool } from "./segment-tool.ts";
import type { SlideView } from "./slide-view.ts";

/** What keys can do to the page. */
export interface PageActions {
  readonly view: SlideView;
  readonly choice: OverlayChoice;
  /** The measurement that is the model's score, or null. */
  readonly score: () => number | null;
  /** Shows a changed choice. */
  readonly restyle: () => void;
  readonly toggleOverlay: () => void;
  readonly togglePanel: () => void;
  readonly clearSelection: () => void;
  readonly tool: SegmentTool;
  readonly showKeys: () => void;
}

const PAN: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-0.2, 0],
  ArrowRight: [0.2, 0],
  ArrowUp: [0, -0.2],
  ArrowDown: [0, 0.2],
};

/** The page's keys, in the order that they are listed in. */
export function pageKeys(page: PageActions): readonly KeyBinding[] {
  const { view, choice, tool } = page;
  const fade = (by: number) => () => {
    choice.opacity = Math.min(1, Math.max(0.1, choice.opacity + by));
    page.restyle();
  };
  return [
    {
      keys: Object.keys(PAN),
      label: ["←", "→", "↑", "↓"],
      text: "Move",
      run: (key) => view.panBy(...PAN[key]!),
    },
    { keys: ["+", "="], label: ["+"], text: "Zoom in", run: () => view.zoomBy(1.5) },
    { keys: ["-", "_"], label: ["−"], text: "Zoom out", run: () => view.zoomBy(1 / 1.5) },
    { keys: ["0", "Home"], label: ["0"], text: "Whole slide", run: () => view.fit() },
    {
      keys: ["1"],
      label: ["1"],
      text: "One screen pixel for one slide pixel",
      run: () => view.zoomToScale(1),
    },
    { keys: ["h"], label: ["H"], text: "Show or hide the overlay", run: page.toggleOverlay },
    {
      keys: ["f"],
      label: ["F"],
      text: "Outline or filled",
      run: () => {
        choice.filled = !choice.filled;
        page.restyle();
      },
    },
    { keys: ["["], label: ["["], text: "Fainter overlay", run: fade(-0.1) },
    { keys: ["]"], label: ["]"], text: "Stronger overlay", run: fade(0.1) },
    {
      keys: ["c"],
      label: ["C"],
      text: "Colour by class or by score",
      run: () => {
        choice.colorBy = choice.colorBy === null ? page.score() : null;
        page.restyle();
      },
    },
    { keys: ["p"], label: ["P"], text: "Show or hide the panel", run: page.togglePanel },
    { keys: ["s"], label: ["S"], text: "Segment by clicks, on or off", run: () => tool.toggle() },
    {
      keys: ["x"],
      label: ["X"],
      text: "Segment what is in the middle; with Shift: not that",
      run: (_key, shift) => tool.clickMiddle(shift),
    },
    { keys: ["n"], label: ["N"], text: "Next mask of a click", run: () => tool.next() },
    { keys: ["Enter"], label: ["Enter"], text: "Keep what was segmented", run: () => tool.keep() },
    {
      keys: ["Backspace"],
      label: ["⌫"],
      text: "Take back the last point, or the object kept last",
      run: () => tool.undo(),
    },
    {
      keys: ["Escape"],
      label: ["Esc"],
      text: "Drop what was segmented; clear the selected object",
      run: () => {
        if (!tool.escape()) page.clearSelection();
      },
    },
    { keys: ["?"], label: ["?"], text: "These keys", run: page.showKeys },
  ];
}
