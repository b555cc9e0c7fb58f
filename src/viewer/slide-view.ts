import OpenSeadragon from "openseadragon";
import type { SlideInfo } from "../server/api.ts";
import { SlideSource } from "./slide-source.ts";

/** Where the slide is looked at. */
export interface Place {
  /** Middle of the view, level-0 px. */
  readonly x: number;
  readonly y: number;
  /** CSS px per level-0 px. */
  readonly scale: number;
}

/** A part of the slide, level-0 px. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How far one can zoom in: CSS px per level-0 px. */
const MAX_SCALE = 8;

/** Longer side of the overview, CSS px. */
const MAP_SIDE = 176;

/** The slide on screen: OpenSeadragon, spoken to in level-0 pixels. */
export class SlideView {
  readonly viewer: OpenSeadragon.Viewer;
  readonly #map: HTMLElement;
  #slide: SlideInfo | null = null;
  /** What was asked for last. */
  #turn = 0;
  #opening: Promise<void> = Promise.resolve();

  /** `host` takes the slide, `map` the overview of it. */
  constructor(host: HTMLElement, map: HTMLElement, onTileError: (message: string) => void) {
    forestallInlineStyle();
    this.#map = map;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.viewer = new OpenSeadragon.Viewer({
      element: host,
      // Faster than WebGL where there is no graphics card, and as fast elsewhere for one slide.
      drawer: "canvas",
      showNavigationControl: false,
      showNavigator: true,
      navigatorElement: map,
      navigatorOpacity: 1,
      navigatorDisplayRegionColor: "#12936f",
      animationTime: still ? 0 : 0.45,
      springStiffness: 9,
      visibilityRatio: 0.3,
      minZoomImageRatio: 0.5,
      maxZoomPixelRatio: MAX_SCALE,
      zoomPerScroll: 1.35,
      imageLoaderLimit: 8,
      maxTilesPerFrame: 8,
      placeholderFillStyle: "#dcdadd",
      maxImageCacheCount: 600,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      gestureSettingsTouch: { dblClickToZoom: true },
      gestureSettingsPen: { clickToZoom: false },
    });
    this.viewer.canvas.setAttribute("role", "application");
    this.viewer.canvas.setAttribute("aria-label", "Slide: arrow keys move, plus and minus zoom");
    this.viewer.addHandler("tile-load-failed", (event) => onTileError(event.message));
    // Keys are the page's own: see keyboard.ts.
    this.viewer.addHandler("canvas-key", (event) => {
      event.preventDefaultAction = true;
    });
  }

  get slide(): SlideInfo | null {
    return this.#slide;
  }

  /** Shows a slide; resolves when it can be moved about in, or when another was asked for meanwhile. */
  async open(slide: SlideInfo): Promise<void> {
    const turn = ++this.#turn;
    await this.ready();
    if (turn !== this.#turn) return;
    this.#opening = this.#load(slide);
    await this.#opening;
  }

  /** Resolves when what was asked for last has been opened, or could not be: OpenSeadragon's events do not say whose they are. */
  ready(): Promise<void> {
    return this.#opening.catch(() => undefined);
  }

  async #load(slide: SlideInfo): Promise<void> {
    this.#slide = slide;
    const shrink = MAP_SIDE / Math.max(slide.width, slide.height);
    this.viewer.navigator.setWidth(Math.max(40, Math.round(slide.width * shrink)));
    this.viewer.navigator.setHeight(Math.max(40, Math.round(slide.height * shrink)));
    await new Promise<void>((resolve, reject) => {
      this.viewer.addOnceHandler("open", () => resolve());
      this.viewer.addOnceHandler("open-failed", (event) => reject(new Error(event.message)));
      this.viewer.open({ tileSource: new SlideSource(slide) });
    });
    // Not `hidden`: OpenSeadragon measures it.
    this.#map.style.visibility = "visible";
    const { canvas } = this.viewer;
    // Overlays belong on top of what OpenSeadragon draws on.
    canvas.append(...canvas.querySelectorAll(".overlay, .clicks"));
  }

  /** Takes the slide off the screen. */
  close(): void {
    const turn = ++this.#turn;
    this.#slide = null;
    this.#map.style.visibility = "hidden";
    void this.ready().then(() => {
      if (turn !== this.#turn) return;
      this.#slide = null;
      this.#map.style.visibility = "hidden";
      this.viewer.close();
    });
  }

  /** Where the view is now, or will be when it comes to rest. */
  place(current: boolean): Place | null {
    const slide = this.#slide;
    if (!slide || !this.viewer.world.getItemAt(0)) return null;
    const { viewport } = this.viewer;
    const middle = viewport.getCenter(current);
    return {
      x: middle.x * slide.width,
      y: middle.y * slide.width,
      scale: (viewport.getContainerSize().x * viewport.getZoom(current)) / slide.width,
    };
  }

  /** The part of the slide on screen. */
  region(): Region | null {
    const place = this.place(true);
    if (!place) return null;
    const size = this.viewer.viewport.getContainerSize();
    const [width, height] = [size.x / place.scale, size.y / place.scale];
    return { x: place.x - width / 2, y: place.y - height / 2, width, height };
  }

  /** The level-0 position under a position on the canvas (CSS px). */
  toSlide(position: { readonly x: number; readonly y: number }): { x: number; y: number } {
    const width = this.#slide?.width ?? 1;
    const point = this.viewer.viewport.pointFromPixel(
      new OpenSeadragon.Point(position.x, position.y),
      true,
    );
    return { x: point.x * width, y: point.y * width };
  }

  /** The scale at which the whole slide fits, CSS px per level-0 px. */
  fitScale(): number {
    const size = this.viewer.viewport.getContainerSize();
    const { width, height } = this.#slide ?? { width: 1, height: 1 };
    return Math.min(size.x / width, size.y / height);
  }

  goTo(place: Place, immediately: boolean): void {
    const slide = this.#slide;
    if (!slide) return;
    const { viewport } = this.viewer;
    const zoom = (place.scale * slide.width) / viewport.getContainerSize().x;
    viewport.zoomTo(zoom, undefined, immediately);
    viewport.panTo(
      new OpenSeadragon.Point(place.x / slide.width, place.y / slide.width),
      immediately,
    );
    viewport.applyConstraints(immediately);
  }

  /** Keeps the middle where it is. */
  zoomToScale(scale: number): void {
    const place = this.place(false);
    if (place) this.goTo({ ...place, scale }, false);
  }

  zoomBy(factor: number): void {
    this.viewer.viewport.zoomBy(factor);
    this.viewer.viewport.applyConstraints();
  }

  /** Moves by a share of the view. */
  panBy(right: number, down: number): void {
    const { viewport } = this.viewer;
    const bounds = viewport.getBounds();
    viewport.panBy(new OpenSeadragon.Point(right * bounds.width, down * bounds.height));
    viewport.applyConstraints();
  }

  fit(): void {
    this.viewer.viewport.goHome();
  }
}

/**
 * OpenSeadragon adds an inline <style> unless it finds one, and the server's policy refuses inline
 * styles. An element of that name in no known namespace is found and does nothing.
 */
function forestallInlineStyle(): void {
  const stand = document.createElementNS("urn:microtome", "style");
  stand.setAttribute("data-openseadragon-mobile-css", "true");
  document.head.append(stand);
}
