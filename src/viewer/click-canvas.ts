import type OpenSeadragon from "openseadragon";
import type { ClickFeature } from "../server/api.ts";
import type { Frame } from "./overlay-scene.ts";
import type { ClickPrompt } from "./server-client.ts";
import { fitToSlide, outlinePath, strokeOutline } from "./slide-frame.ts";

/** What the tool shows on the slide. */
export interface ClickDrawing {
  readonly kept: readonly ClickFeature[];
  /** The mask that was found and is neither kept nor dropped. */
  readonly found: ClickFeature | null;
  readonly prompt: ClickPrompt;
  /** Whether the middle of the view is marked, where a key asks. */
  readonly cross: boolean;
}

const FOUND = "rgb(255 214 10)";
const KEPT = "rgb(90 209 180)";
const BESIDE = "rgb(255 92 92)";

/** Draws clicks, their boxes and the outlines they gave over the slide, anew for each frame. */
export class ClickCanvas {
  readonly #viewer: OpenSeadragon.Viewer;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #drawing: ClickDrawing | null = null;

  constructor(viewer: OpenSeadragon.Viewer) {
    this.#viewer = viewer;
    this.#canvas = document.createElement("canvas");
    this.#canvas.className = "clicks";
    this.#canvas.setAttribute("aria-hidden", "true");
    this.#context = this.#canvas.getContext("2d")!;
    viewer.canvas.append(this.#canvas);
    viewer.addHandler("update-viewport", () => this.#draw());
    viewer.addHandler("resize", () => this.#draw());
  }

  show(drawing: ClickDrawing | null): void {
    this.#drawing = drawing;
    this.#draw();
  }

  #draw(): void {
    const frame = fitToSlide(this.#viewer, this.#canvas);
    const context = this.#context;
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    const drawing = this.#drawing;
    if (!frame || !drawing) return;
    for (const { geometry } of drawing.kept) {
      strokeOutline(context, outlinePath([geometry.coordinates], frame), KEPT, 1.5, frame);
    }
    if (drawing.found) {
      const path = outlinePath([drawing.found.geometry.coordinates], frame);
      context.fillStyle = "rgb(255 214 10 / 0.22)";
      context.fill(path, "evenodd");
      strokeOutline(context, path, FOUND, 2, frame);
    }
    this.#drawPrompt(drawing.prompt, frame);
    if (drawing.cross) this.#drawCross(frame);
  }

  #drawPrompt({ points, box }: ClickPrompt, frame: Frame): void {
    const context = this.#context;
    if (box) {
      const path = new Path2D();
      const [x, y] = [frame.left + box.x * frame.scale, frame.top + box.y * frame.scale];
      path.rect(x, y, box.width * frame.scale, box.height * frame.scale);
      strokeOutline(context, path, FOUND, 1, frame);
    }
    for (const { x, y, label } of points) {
      const path = new Path2D();
      const [px, py] = [frame.left + x * frame.scale, frame.top + y * frame.scale];
      path.arc(px, py, 3.5 * frame.ratio, 0, 2 * Math.PI);
      context.fillStyle = label === 1 ? FOUND : BESIDE;
      context.fill(path);
      strokeOutline(context, path, "white", 1, frame);
    }
  }

  #drawCross({ ratio }: Frame): void {
    const [x, y] = [this.#canvas.width / 2, this.#canvas.height / 2];
    const path = new Path2D();
    for (const [dx, dy] of [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ] as const) {
      path.moveTo(x + dx * 4 * ratio, y + dy * 4 * ratio);
      path.lineTo(x + dx * 10 * ratio, y + dy * 10 * ratio);
    }
    this.#context.strokeStyle = "rgb(20 20 22 / 0.7)";
    this.#context.lineWidth = 1.5 * ratio;
    this.#context.stroke(path);
  }
}
