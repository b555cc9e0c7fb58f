/**
 * `part / whole`, where a whole of 0 means that there was nothing to find and nothing was found: 1.
 *
 * The one rule for empty images: all metrics are 1 when both sides are empty, 0 when one is.
 */
export function ratioOrOne(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}
