/** A scale bar: how long it is on screen and what it says. */
export interface ScaleBar {
  /** CSS px. */
  readonly length: number;
  readonly label: string;
}

const STEPS = [1, 2, 5];

/**
 * The longest bar of 1, 2 or 5 times a power of ten that fits in `room` CSS px.
 *
 * `scale` is CSS px per level-0 px; `mpp` µm per level-0 px, or null when unknown: the bar is then
 * in level-0 px.
 */
export function scaleBar(scale: number, mpp: number | null, room: number): ScaleBar {
  const perUnit = mpp === null ? scale : scale / mpp;
  const most = room / perUnit;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = STEPS.findLast((s) => s * power <= most * (1 + 1e-9)) ?? 1;
  const amount = step * power;
  return { length: amount * perUnit, label: label(amount, mpp !== null) };
}

function label(amount: number, micrometres: boolean): string {
  if (!micrometres) return `${trim(amount)} px`;
  if (amount >= 1000) return `${trim(amount / 1000)} mm`;
  if (amount < 1) return `${trim(amount * 1000)} nm`;
  return `${trim(amount)} µm`;
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}
