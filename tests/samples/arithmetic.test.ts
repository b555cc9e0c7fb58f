import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cosTurns, expNegative, sinTurns, smoothMin } from "../../samples/painter/math.ts";
import { Noise } from "../../samples/painter/noise.ts";
import { hash, Random } from "../../samples/painter/random.ts";
import { drawStains, EOSIN, HEMATOXYLIN, transmit } from "../../samples/painter/stain.ts";

describe("the painter's own arithmetic", () => {
  it("agrees with Math.sin, Math.cos and Math.exp", () => {
    fc.assert(
      fc.property(fc.double({ min: -50, max: 50, noNaN: true }), (t) => {
        expect(Math.abs(sinTurns(t) - Math.sin(2 * Math.PI * t))).toBeLessThan(1e-6);
        expect(Math.abs(cosTurns(t) - Math.cos(2 * Math.PI * t))).toBeLessThan(1e-6);
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: 0, max: 30, noNaN: true }), (x) => {
        expect(Math.abs(expNegative(x) / Math.exp(-x) - 1)).toBeLessThan(5e-5);
      }),
    );
  });

  it("rounds a minimum only near the tie, and never upwards", () => {
    expect(smoothMin(1, 9, 2)).toBe(1);
    expect(smoothMin(3, 3, 2)).toBe(2.5);
    fc.assert(
      fc.property(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 }), (a, b) => {
        expect(smoothMin(a, b, 5)).toBeLessThanOrEqual(Math.min(a, b));
        expect(smoothMin(a, b, 5)).toBe(smoothMin(b, a, 5));
      }),
    );
  });

  it("has noise without jumps, and of the stated range", () => {
    const noise = new Noise(3);
    let most = 0;
    for (let i = 0; i < 4000; i++) {
      const [x, y] = [i * 0.173, i * 0.091 - 40];
      most = Math.max(most, Math.abs(noise.at(x, y)));
      expect(Math.abs(noise.at(x + 1e-4, y) - noise.at(x, y))).toBeLessThan(1e-3);
    }
    expect(most).toBeGreaterThan(0.6);
    expect(most).toBeLessThan(1.05);
  });

  it("draws evenly", () => {
    const random = new Random(hash(1, 2, 3));
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i++) bins[Math.floor(random.unit() * 10)]!++;
    for (const count of bins) expect(Math.abs(count - 2000)).toBeLessThan(200);
    const hashed = new Set<number>();
    for (let x = -50; x < 50; x++) for (let y = -50; y < 50; y++) hashed.add(hash(7, x, y));
    expect(hashed.size).toBeGreaterThan(9990);
  });
});

describe("stains", () => {
  it("mixes by Beer–Lambert: densities add, light multiplies", () => {
    const stains = {
      vectors: [HEMATOXYLIN, EOSIN, EOSIN, EOSIN],
      strengths: [1, 1, 1, 1],
      white: [240, 240, 240],
    } as const;
    const plane = (...values: number[]): Float32Array => new Float32Array(values);
    const none = plane(0, 0, 0);
    const light = transmit(stains, [plane(0, 0.5, 0.5), plane(0, 0, 0.25), none, none]);
    for (let c = 0; c < 3; c++) {
      expect(light[c]).toBeCloseTo(240, 3);
      expect(light[3 + c]).toBeCloseTo(240 * 10 ** (-0.5 * HEMATOXYLIN[c]!), 2);
      const both = 0.5 * HEMATOXYLIN[c]! + 0.25 * EOSIN[c]!;
      expect(light[6 + c]).toBeCloseTo(240 * 10 ** -both, 2);
    }
  });

  it("keeps vectors of unit length, hematoxylin bluer than eosin, in every draw", () => {
    for (let seed = 0; seed < 200; seed++) {
      const { vectors, white } = drawStains(seed, 1);
      for (const v of vectors) {
        expect(Math.sqrt(v[0] ** 2 + v[1] ** 2 + v[2] ** 2)).toBeCloseTo(1, 9);
      }
      // What absorbs red looks blue.
      expect(vectors[0][0]).toBeGreaterThan(vectors[1][0] + 0.15);
      for (const channel of white) expect(channel).toBeGreaterThan(214);
    }
  });
});
