/**
 * Arithmetic that gives the same bits on every machine.
 *
 * Only + − × ÷ and sqrt are used: IEEE 754 fixes their results, while Math.sin, Math.exp and
 * Math.pow may differ in the last bit between engines, which would move a truth pixel.
 */

/** x held between lo and hi. */
export function clamp(x: number, lo: number, hi: number): number {
  return x < lo ? lo : x > hi ? hi : x;
}

/** a at t = 0, b at t = 1. */
export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** 0 below lo, 1 above hi, a cubic ramp between. */
export function smoothstep(lo: number, hi: number, x: number): number {
  const t = clamp((x - lo) / (hi - lo), 0, 1);
  return t * t * (3 - 2 * t);
}

/** The smaller of a and b, rounded where they are within k of each other. */
export function smoothMin(a: number, b: number, k: number): number {
  const h = k - Math.abs(a - b);
  const least = a < b ? a : b;
  return h > 0 ? least - (h * h) / (4 * k) : least;
}

/** sin(2πt), t in turns; error below 1e-7. */
export function sinTurns(t: number): number {
  let x = t - Math.floor(t + 0.5);
  if (x > 0.25) x = 0.5 - x;
  else if (x < -0.25) x = -0.5 - x;
  const y = x * 6.283185307179586;
  const q = y * y;
  return y * (1 + q * (-1 / 6 + q * (1 / 120 + q * (-1 / 5040 + q * (1 / 362880 - q / 39916800)))));
}

/** cos(2πt), t in turns. */
export function cosTurns(t: number): number {
  return sinTurns(t + 0.25);
}

/** e^−x for x ≥ 0; relative error below 1e-6. */
export function expNegative(x: number): number {
  if (x <= 0) return 1;
  if (x > 40) return 0;
  const halvings = Math.floor(x * Math.LOG2E);
  const r = x - halvings * Math.LN2;
  let y = 1 - r * (1 - (r / 2) * (1 - (r / 3) * (1 - (r / 4) * (1 - (r / 5) * (1 - r / 6)))));
  for (let i = 0; i < halvings; i++) y *= 0.5;
  return y;
}

/** A bell, 1 at x = 0, falling to 0.61 at |x| = width. */
export function bell(x: number, width: number): number {
  const t = x / width;
  return expNegative((t * t) / 2);
}
