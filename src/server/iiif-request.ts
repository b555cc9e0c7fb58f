import type { Box, Size } from "../geometry.ts";
import type { Turn } from "../tiler/turn-picture.ts";
import { HttpError } from "./http-error.ts";
import type { PictureFormat, Rendering } from "./render.ts";

/** The four parts of an image request that follow the identifier, percent-decoded. */
export interface IiifParts {
  readonly region: string;
  readonly size: string;
  readonly rotation: string;
  /** Quality and format: "default.jpg". */
  readonly file: string;
}

/** The largest picture that is made. */
export interface IiifLimits {
  /** Longest side, px. */
  readonly side: number;
  /** px². */
  readonly area: number;
}

/** An image request understood: what to render, and the address that says the same in canonical form. */
export interface IiifRequest extends Rendering {
  /** What follows the identifier: region/size/rotation/quality.format. */
  readonly canonical: string;
}

/**
 * Understands an image request of the IIIF Image API 3.0 for a picture of a given size.
 *
 * Everything of level 2, with mirroring and upscaling (`^`). Throws 400, as the specification asks, for
 * what cannot be read, is not offered, lies outside of the picture or goes beyond the limits.
 * Source: https://iiif.io/api/image/3.0/, sections 4.1 to 4.8.
 */
export function parseIiif(parts: IiifParts, full: Size, limits: IiifLimits): IiifRequest {
  const box = parseRegion(parts.region, full);
  const largest = confine(box, limits, box);
  const size = parseSize(parts.size, box, limits);
  const turn = parseRotation(parts.rotation);
  const { gray, format } = parseFile(parts.file);
  const whole = box.width === full.width && box.height === full.height;
  const region = whole ? "full" : `${box.x},${box.y},${box.width},${box.height}`;
  const enlarged = size.width > box.width || size.height > box.height;
  const same = size.width === largest.width && size.height === largest.height;
  const wanted = same ? "max" : `${enlarged ? "^" : ""}${size.width},${size.height}`;
  const rotation = `${turn.mirrored ? "!" : ""}${turn.quarters * 90}`;
  const canonical = `${region}/${wanted}/${rotation}/${gray ? "gray" : "default"}.${format}`;
  return { box, size, turn, gray, format, canonical };
}

function parseRegion(text: string, full: Size): Box {
  if (text === "full") return { x: 0, y: 0, ...full };
  if (text === "square") {
    const side = Math.min(full.width, full.height);
    const middle = (length: number) => Math.floor((length - side) / 2);
    return { x: middle(full.width), y: middle(full.height), width: side, height: side };
  }
  const percent = text.startsWith("pct:");
  const numbers = (percent ? text.slice(4) : text).split(",");
  const form = percent ? DECIMAL : WHOLE;
  if (numbers.length !== 4 || !numbers.every((part) => form.test(part))) {
    throw refused(`region ${text}: expected full, square, x,y,w,h or pct:x,y,w,h`);
  }
  const [x, y, w, h] = numbers.map(Number) as [number, number, number, number];
  const of = (value: number, length: number) =>
    percent ? Math.round((value * length) / 100) : value;
  const left = of(x, full.width);
  const top = of(y, full.height);
  const width = Math.min(of(w, full.width), full.width - left);
  const height = Math.min(of(h, full.height), full.height - top);
  if (!(width > 0 && height > 0)) {
    throw refused(
      `region ${text}: no pixel of it is in the picture, ${full.width} × ${full.height}`,
    );
  }
  return { x: left, y: top, width, height };
}

function parseSize(text: string, box: Box, limits: IiifLimits): Size {
  const enlarge = text.startsWith("^");
  const form = enlarge ? text.slice(1) : text;
  const unlimited = { width: Infinity, height: Infinity };
  if (form === "max") return confine(box, limits, enlarge ? unlimited : box);
  const confined = /^!(\d{1,8}),(\d{1,8})$/.exec(form);
  if (confined) {
    const most = { width: Number(confined[1]), height: Number(confined[2]) };
    if (most.width === 0 || most.height === 0) throw refused(`size ${text}: less than a pixel`);
    const within = (key: "width" | "height") => Math.min(most[key], enlarge ? Infinity : box[key]);
    return confine(box, limits, { width: within("width"), height: within("height") });
  }
  const size = exactSize(form, box);
  if (!size)
    throw refused(`size ${text}: expected max, w,  ,h  w,h  !w,h or pct:n, with ^ to enlarge`);
  if (size.width < 1 || size.height < 1) throw refused(`size ${text}: less than a pixel`);
  if (!enlarge && (size.width > box.width || size.height > box.height)) {
    throw refused(
      `size ${text}: larger than the region, ${box.width} × ${box.height}; put ^ before it to enlarge`,
    );
  }
  const { width, height } = size;
  if (width > limits.side || height > limits.side || width * height > limits.area) {
    throw refused(
      `size ${text}: ${width} × ${height} px; at most ${limits.side} px a side and ${limits.area} px in all are made`,
    );
  }
  return size;
}

function exactSize(form: string, box: Box): Size | null {
  if (form.startsWith("pct:")) {
    const text = form.slice(4);
    if (!DECIMAL.test(text)) return null;
    const share = Number(text) / 100;
    return { width: Math.round(box.width * share), height: Math.round(box.height * share) };
  }
  const match = /^(\d{0,8}),(\d{0,8})$/.exec(form);
  if (!match || form === ",") return null;
  const [, w, h] = match as unknown as [string, string, string];
  const width = w === "" ? Math.round((box.width * Number(h)) / box.height) : Number(w);
  const height = h === "" ? Math.round((box.height * Number(w)) / box.width) : Number(h);
  return { width, height };
}

/** The largest size of the box's proportions within `most` and the limits, at least a pixel. */
function confine(box: Box, limits: IiifLimits, most: Size): Size {
  const share = Math.min(
    most.width / box.width,
    most.height / box.height,
    limits.side / box.width,
    limits.side / box.height,
    Math.sqrt(limits.area / (box.width * box.height)),
  );
  // What is a whole number but for the last bit of a quotient stays that number.
  const side = (length: number) => Math.max(1, Math.floor(length * share + 1e-6));
  return { width: side(box.width), height: side(box.height) };
}

function parseRotation(text: string): Turn {
  const match = /^(!?)(\d+(?:\.\d+)?|\.\d+)$/.exec(text);
  const degrees = Number(match?.[2] ?? Number.NaN);
  if (!match || !(degrees <= 360) || degrees % 90 !== 0) {
    throw refused(`rotation ${text}: expected 0, 90, 180 or 270, with ! before it to mirror`);
  }
  const quarters = ((degrees / 90) % 4) as Turn["quarters"];
  return { mirrored: match[1] === "!", quarters };
}

function parseFile(text: string): { readonly gray: boolean; readonly format: PictureFormat } {
  const match = /^(default|color|gray)\.(jpg|png)$/.exec(text);
  if (!match) throw refused(`${text}: expected default, color or gray, and .jpg or .png`);
  return { gray: match[1] === "gray", format: match[2] as PictureFormat };
}

const WHOLE = /^\d{1,9}$/;
const DECIMAL = /^(?:\d{1,9}(?:\.\d{1,15})?|\.\d{1,15})$/;

function refused(why: string): HttpError {
  return new HttpError(400, "usage", `${why}.`);
}
