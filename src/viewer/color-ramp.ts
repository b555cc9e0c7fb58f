/** RGB, 0–255. */
export type Rgb = readonly [number, number, number];

/** How many steps a continuous colour is drawn in: objects of one step share one path. */
export const RAMP_STEPS = 24;

/** OKLCH stops (lightness 0–1, chroma, hue in degrees): lightness rises evenly, hues keep clear of H&E's. */
const STOPS: readonly (readonly [number, number, number])[] = [
  [0.42, 0.19, 268],
  [0.56, 0.13, 235],
  [0.68, 0.13, 180],
  [0.8, 0.18, 138],
  [0.92, 0.17, 104],
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

/** For CSS and canvas. */
export function cssColor([r, g, b]: Rgb, alpha = 1): string {
  return alpha === 1 ? `rgb(${r} ${g} ${b})` : `rgb(${r} ${g} ${b} / ${alpha})`;
}
