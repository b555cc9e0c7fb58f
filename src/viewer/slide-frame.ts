import OpenSeadragon from "openseadragon";
import type { ObjectPolygons } from "../server/api.ts";
import type { Frame } from "./overlay-scene.ts";

/** Gives a canvas as many pixels as the screen has under it, and says where the slide lies on it; null without a slide. */
export function fitToSlide(viewer: OpenSeadragon.Viewer, canvas: HTMLCanvasElement): Frame | null {
  const item = viewer.world.getItemAt(0);
  if (!item) return null;
  const { viewport } = viewer;
  const ratio = window.devicePixelRatio || 1;
  const size = viewport.getContainerSize();
  const width = Math.round(size.x * ratio);
  const height = Math.round(size.y * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const corner = viewport.pixelFromPoint(new OpenSeadragon.Point(0, 0), true);
  const scale = (size.x * viewport.getZoom(true)) / item.getContentSize().x;
  return { scale: scale * ratio, left: corner.x * ratio, top: corner.y * ratio, ratio };
}

/** Polygons (level-0 px) as a path on the canvas. */
export function outlinePath(polygons: ObjectPolygons, frame: Frame): Path2D {
  const path = new Path2D();
  for (const polygon of polygons) {
    for (const ring of polygon) {
      ring.forEach(([x, y], i) => {
        const [px, py] = [frame.left + x * frame.scale, frame.top + y * frame.scale];
        if (i === 0) path.moveTo(px, py);
        else path.lineTo(px, py);
      });
      path.closePath();
    }
  }
  return path;
}

/** Draws an outline over anything: a bright line on a dark one. `width` in CSS px. */
export function strokeOutline(
  context: CanvasRenderingContext2D,
  path: Path2D,
  color: string,
  width: number,
  frame: Frame,
): void {
  context.lineJoin = "round";
  context.strokeStyle = "rgb(20 20 22)";
  context.lineWidth = 2 * width * frame.ratio;
  context.stroke(path);
  context.strokeStyle = color;
  context.lineWidth = width * frame.ratio;
  context.stroke(path);
}
