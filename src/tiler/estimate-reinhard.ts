import { LMS_TO_LAB, type ReinhardEstimate, RGB_TO_LMS } from "../stain.ts";
import { LEAST_PIXELS } from "./estimate-macenko.ts";
import { rounded } from "./percentile.ts";

/**
 * Mean and standard deviation of tissue pixels in lαβ, or why there are none.
 *
 * Reinhard et al., "Color transfer between images", IEEE Computer Graphics and Applications 21(5),
 * 2001. `pixels` is RGB, three bytes each; 0 counts as 1, whose logarithm exists.
 */
export function estimateReinhard(pixels: Uint8Array): ReinhardEstimate | string {
  const count = pixels.length / 3;
  if (count < LEAST_PIXELS) return `${count} tissue pixels, expected at least ${LEAST_PIXELS}`;
  const sum = [0, 0, 0];
  const squares = [0, 0, 0];
  const logs = [0, 0, 0];
  for (let p = 0; p < pixels.length; p += 3) {
    const [r, g, b] = [0, 1, 2].map((c) => Math.max(1, pixels[p + c]!)) as [number, number, number];
    for (let c = 0; c < 3; c++) {
      const row = RGB_TO_LMS[c]!;
      logs[c] = Math.log(row[0] * r + row[1] * g + row[2] * b);
    }
    for (let c = 0; c < 3; c++) {
      const row = LMS_TO_LAB[c]!;
      const value = row[0] * logs[0]! + row[1] * logs[1]! + row[2] * logs[2]!;
      sum[c]! += value;
      squares[c]! += value * value;
    }
  }
  const mean = sum.map((total) => total / count);
  const deviation = squares.map((total, c) =>
    Math.sqrt(Math.max(0, total / count - mean[c]! ** 2)),
  );
  if (Math.min(...deviation) < 1e-4) return "tissue of one colour";
  return {
    method: "reinhard",
    pixels: count,
    mean: rounded(mean),
    deviation: rounded(deviation),
  };
}
