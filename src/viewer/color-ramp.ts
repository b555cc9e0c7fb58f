/** RGB, 0–255. */
export type Rgb = readonly [number, number, number];

/** How many steps a continuous colour is drawn in: objects of one step share one path. */
export const RAMP_STEPS = 24;

/** OKLCH stops (lightness 0–1, chroma, hue in degrees): lightness rises evenly, hues keep clear of H&E's. */
const STOPS: readonly (readonly [number, number, number])[] = [
  [0.56, 0.21, 262],
  [0.65, 0.15, 235],
  [0.74, 0.14, 180],
  [0.83, 0.19, 138],
  [0.93, 0.18, 104],
];

/** The colour at `share` (0–1, clamped) of a ramp whose equal steps look equally far apart. */
export function rampColor(share: number): Rgb {
  const place = Math.max(0, Math.min(1, share)) * (STOPS.length - 1);
  const index = Math.min(STOPS.length - 2, Math.floor(place));
  const part = place - index;
  const [from, to] = [STOPS[index]!, STOPS[index + 1]!];
  const mix = (i: 0 | 1 | 2) => from[i] + (to[i] - from[i]) * part;
  return fromOklch(mix(0), mix(1), mix(2));
}

/** The ramp's step for a value between low and high; NaN has none (−1). */
export function rampStep(value: number, low: number, high: number): number {
  if (Number.isNaN(value)) return -1;
  const share = high > low ? (value - low) / (high - low) : 1;
  return Math.max(0, Math.min(RAMP_STEPS - 1, Math.floor(share * RAMP_STEPS)));
}

/** OKLCH to sRGB, after Ottosson, "A perceptual color space for image processing" (2020); clipped to the gamut. */
export function fromOklch(lightness: number, chroma: number, hue: number): Rgb {
  const angle = (hue * Math.PI) / 180;
  const a = chroma * Math.cos(angle);
  const b = chroma * Math.sin(angle);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Linear light to an sRGB byte (IEC 61966-2-1). */
function encode(linear: number): number {
  const v = Math.max(0, Math.min(1, linear));
  return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
}

/** sRGB to OKLab (lightness, a, b): the opposite of fromOklch, same source. */
export function toOklab([red, green, blue]: Rgb): readonly [number, number, number] {
  const [r, g, b] = [decode(red), decode(green), decode(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function decode(byte: number): number {
  const v = byte / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

/** For CSS and canvas. */
export function cssColor([r, g, b]: Rgb, alpha = 1): string {
  return alpha === 1 ? `rgb(${r} ${g} ${b})` : `rgb(${r} ${g} ${b} / ${alpha})`;
}
