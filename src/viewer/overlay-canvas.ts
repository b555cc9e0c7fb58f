import type OpenSeadragon from "openseadragon";
import type { ObjectInfo, OverlayInfo } from "../server/api.ts";
import { buildScene, type Coloring, drawScene, type Frame, type Scene } from "./overlay-scene.ts";
import { type LoadedTile, OverlayTiles } from "./overlay-tiles.ts";
import { fitToSlide, outlinePath, strokeOutline } from "./slide-frame.ts";
import {
  type TileAddress,
  tileKey,
  tileMeets,
  tilesInView,
  type View,
  zoomFor,
} from "./tile-cover.ts";

/** What an overlay needs to know of what it lies over. */
export interface OverlayTarget {
  readonly run: string;
  readonly info: OverlayInfo;
  /** Level-0 px. */
  readonly slide: { readonly width: number; readonly height: number };
}

/** The look of the overlay. */
export interface OverlayLook {
  readonly visible: boolean;
  /** 0–1. */
  readonly opacity: number;
  readonly filled: boolean;
  readonly coloring: Coloring;
  readonly hiddenClasses: ReadonlySet<number>;
}

/**
 * Draws a run's objects over the slide in OpenSeadragon, anew for each of its frames: lines keep
 * their width at every zoom, and lie where the slide's pixels lie.
 */
export class OverlayCanvas {
  readonly #viewer: OpenSeadragon.Viewer;
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #onDrawn: (drawn: number, complete: boolean) => void;
  readonly #onError: (error: unknown) => void;
  #target: OverlayTarget | null = null;
  #tiles: OverlayTiles | null = null;
  #look: OverlayLook | null = null;
  #scene: Scene | null = null;
  /** What the scene was built of; another word means it must be built again. */
  #sceneKey = "";
  #lookCount = 0;
  #selected: ObjectInfo | null = null;
  #frameAsked = false;

  constructor(
    viewer: OpenSeadragon.Viewer,
    onDrawn: (drawn: number, complete: boolean) => void,
    onError: (error: unknown) => void,
  ) {
    this.#viewer = viewer;
    this.#onDrawn = onDrawn;
    this.#onError = onError;
    this.#canvas = document.createElement("canvas");
    this.#canvas.className = "overlay";
    this.#canvas.setAttribute("aria-hidden", "true");
    this.#context = this.#canvas.getContext("2d")!;
    viewer.canvas.append(this.#canvas);
    viewer.addHandler("update-viewport", () => this.#draw());
    viewer.addHandler("resize", () => this.redraw());
  }

  /** Shows another run's objects, or none. */
  show(target: OverlayTarget | null): void {
    this.#tiles?.close();
    this.#target = target;
    this.#tiles = target
      ? new OverlayTiles(target.run, target.info.version, () => this.redraw(), this.#onError)
      : null;
    this.#scene = null;
    this.#sceneKey = "";
    this.#selected = null;
    this.redraw();
  }

  setLook(look: OverlayLook): void {
    this.#look = look;
    this.#lookCount++;
    this.#canvas.hidden = !look.visible;
    this.redraw();
  }

  /** Marks an object, or none. */
  select(object: ObjectInfo | null): void {
    this.#selected = object;
    this.redraw();
  }

  redraw(): void {
    if (this.#frameAsked) return;
    this.#frameAsked = true;
    requestAnimationFrame(() => {
      this.#frameAsked = false;
      this.#draw();
    });
  }

  #draw(): void {
    const frame = fitToSlide(this.#viewer, this.#canvas);
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    const target = this.#target;
    const look = this.#look;
    if (!frame || !target || !look?.visible) {
      // A run whose colours are still on their way is not drawn yet.
      this.#onDrawn(0, !target || look?.visible === false);
      return;
    }
    const view: View = {
      x: -frame.left / frame.scale,
      y: -frame.top / frame.scale,
      width: this.#canvas.width / frame.scale,
      height: this.#canvas.height / frame.scale,
      pixel: 1 / frame.scale,
    };
    this.#updateScene(view, target, look);
    this.#context.globalAlpha = look.opacity;
    if (this.#scene) drawScene(this.#context, this.#scene, frame, look.filled);
    this.#context.globalAlpha = 1;
    if (this.#selected) drawSelected(this.#context, this.#selected, frame);
    this.#onDrawn(this.#scene?.drawn ?? 0, !this.#tiles?.pending);
  }

  #updateScene(view: View, target: OverlayTarget, look: OverlayLook): void {
    const tiles = this.#tiles;
    if (!tiles) return;
    const side = target.info.tileSize;
    const z = zoomFor(view.pixel, target.info.maxZoom);
    const wanted = tilesInView(view, z, side, target.slide);
    tiles.want(wanted);
    const at = this.#gather(wanted, view, side);
    const key = `${this.#lookCount} ${at.map(tileKey).join(" ")}`;
    if (key === this.#sceneKey) return;
    this.#sceneKey = key;
    this.#scene = buildScene(at, look.coloring, look.hiddenClasses, side);
  }

  /** The wanted tiles that are here; while some are not, also those of other zooms, nearest zoom first. */
  #gather(wanted: readonly TileAddress[], view: View, side: number): LoadedTile[] {
    const tiles = this.#tiles!;
    const here = wanted.flatMap((address) => tiles.get(address) ?? []);
    if (here.length === wanted.length) return here;
    const z = wanted[0]?.z ?? 0;
    const others = [...tiles.all()].filter((tile) => tile.z !== z && tileMeets(tile, view, side));
    others.sort((a, b) => Math.abs(a.z - z) - Math.abs(b.z - z) || a.z - b.z);
    const nearest = others[0]?.z;
    return [...here, ...others.filter((tile) => tile.z === nearest)];
  }
}

function drawSelected(context: CanvasRenderingContext2D, object: ObjectInfo, frame: Frame): void {
  context.setTransform(1, 0, 0, 1, 0, 0);
  const path = outlinePath(object.polygons, frame);
  context.fillStyle = "rgb(255 214 10 / 0.22)";
  context.fill(path, "evenodd");
  strokeOutline(context, path, "rgb(255 214 10)", 2.5, frame);
}
