const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A count with separators: 12,345. */
export function formatCount(value: number): string {
  return WHOLE.format(value);
}

/** Three or four telling digits: 0.254, 12.3, 1,234. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1000) return WHOLE.format(value);
  const digits = size >= 100 ? 1 : size >= 10 ? 2 : 3;
  return String(Number(value.toFixed(digits)));
}

/** "20x": the objective that shows a slide at this many µm per CSS px, by 10 µm/px = 1x. */
export function formatMagnification(value: number): string {
  const digits = value >= 10 ? 0 : value >= 1 ? 1 : 2;
  return `${Number(value.toFixed(digits))}x`;
}

/** "0.50 µm/px". */
export function formatResolution(mpp: number): string {
  return `${mpp >= 10 ? mpp.toFixed(1) : mpp.toFixed(mpp < 0.1 ? 3 : 2)} µm/px`;
}

/** "1 min 12 s". */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

/** A measurement's name, split into what people read and its unit. */
export interface MeasurementLabel {
  readonly label: string;
  readonly unit: string;
}

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/[\s([]+[µμu]m(?:\^2|²|2)[\])]?$/i, "µm²"],
  [/[\s([]+px(?:\^2|²|2)[\])]?$/i, "px²"],
  [/[\s([]+[µμu]m[\])]?$/i, "µm"],
  [/[\s([]+px[\])]?$/i, "px"],
];

/** Splits names as QuPath has them: "Area µm^2" is the label "Area" in µm². */
export function labelOf(name: string): MeasurementLabel {
  for (const [ending, unit] of UNITS) {
    if (ending.test(name)) return { label: name.replace(ending, "").trim(), unit };
  }
  return { label: name, unit: "" };
}
