import type { SlideInfo } from "../server/api.ts";
import type { SlideView } from "./slide-view.ts";

/** The pointer rests when it has not moved for so long, ms. */
const REST_MS = 150;
/** A drag over less than this is a click with a shaking hand, CSS px. */
const LEAST_DRAG = 5;

/** A position, level-0 px. */
export interface Position {
  readonly x: number;
  readonly y: number;
}

/** A box, level-0 px. */
export interface PointedBox extends Position {
  readonly width: number;
  readonly height: number;
}

/** What the pointer does to the tool. */
export interface PointerActions {
  /** The slide, while the tool is on. */
  readonly slide: () => SlideInfo | null;
  readonly takesBoxes: () => boolean;
  /** A click; `beside` with Alt or Shift. */
  readonly point: (at: Position, beside: boolean) => void;
  /** A box while it is drawn, and when it is; null for one that came to nothing. */
  readonly box: (box: PointedBox | null, isDone: boolean) => void;
  /** The pointer rests: a click may come. */
  readonly rest: (at: Position) => void;
}

/** Clicks, drags and rests of the pointer on the slide, while the tool is on; OpenSeadragon has them while it is off. */
export class SegmentPointer {
  readonly #view: SlideView;
  readonly #actions: PointerActions;
  /** Where a drag began. */
  #corner: Position | null = null;
  #restTimer = 0;

  constructor(view: SlideView, actions: PointerActions) {
    this.#view = view;
    this.#actions = actions;
    const { viewer } = view;
    viewer.addHandler("canvas-click", (event) => {
      if (!actions.slide() || !event.quick) return;
      event.preventDefaultAction = true;
      const { altKey, shiftKey } = event.originalEvent as MouseEvent;
      const at = this.#onSlide(view.toSlide(event.position));
      if (at) actions.point(at, altKey || shiftKey);
    });
    // The second of two quick clicks is a click like the first.
    viewer.addHandler("canvas-double-click", (event) => {
      if (actions.slide()) event.preventDefaultAction = true;
    });
    viewer.addHandler("canvas-drag", (event) => {
      const slide = actions.slide();
      if (!slide || !actions.takesBoxes()) return;
      event.preventDefaultAction = true;
      this.#corner ??= view.toSlide(event.position.minus(event.delta));
      actions.box(boxBetween(this.#corner, view.toSlide(event.position), slide), false);
    });
    viewer.addHandler("canvas-drag-end", (event) => {
      const corner = this.#corner;
      const slide = actions.slide();
      this.#corner = null;
      if (!corner || !slide) return;
      // Without it the view would glide on.
      event.preventDefaultAction = true;
      const box = boxBetween(corner, view.toSlide(event.position), slide);
      const scale = view.place(true)?.scale ?? 1;
      const isBox = Math.min(box.width, box.height) * scale >= LEAST_DRAG;
      actions.box(isBox ? box : null, true);
    });
    viewer.canvas.addEventListener("pointermove", (event) => this.#moved(event));
    viewer.canvas.addEventListener("pointerleave", () => window.clearTimeout(this.#restTimer));
  }

  #moved(event: PointerEvent): void {
    window.clearTimeout(this.#restTimer);
    if (!this.#actions.slide() || event.buttons !== 0) return;
    const { left, top } = this.#view.viewer.canvas.getBoundingClientRect();
    const position = { x: event.clientX - left, y: event.clientY - top };
    this.#restTimer = window.setTimeout(() => {
      const at = this.#onSlide(this.#view.toSlide(position));
      if (at) this.#actions.rest(at);
    }, REST_MS);
  }

  #onSlide(at: Position): Position | null {
    const slide = this.#actions.slide();
    const isOn = slide && at.x >= 0 && at.y >= 0 && at.x <= slide.width && at.y <= slide.height;
    return isOn ? at : null;
  }
}

/** The box between two corners, as far as the slide goes. */
function boxBetween(a: Position, b: Position, { width, height }: SlideInfo): PointedBox {
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  const [x0, x1] = [within(Math.min(a.x, b.x), width), within(Math.max(a.x, b.x), width)];
  const [y0, y1] = [within(Math.min(a.y, b.y), height), within(Math.max(a.y, b.y), height)];
  return { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
}
