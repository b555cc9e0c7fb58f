import { describe, expect, it } from "vitest";
import { sureClass } from "../../src/segment/class-of.ts";

describe("sureClass", () => {
  const names = ["a", "b", "c"];
  const probabilities = [0.5, 0.3, 0.2, 0.1, 0.1, 0.8];
  const logits = Float32Array.from(probabilities, (p) => Math.log(p) + 7);

  it("names the likeliest class of the prompt's own row where it is above the threshold", () => {
    expect(sureClass(logits, 0, { names, threshold: 0.49 })).toBe("a");
    expect(sureClass(logits, 0, { names, threshold: 0.51 })).toBeNull();
    expect(sureClass(logits, 1, { names, threshold: 0.79 })).toBe("c");
    expect(sureClass(logits, 1, { names, threshold: 0.81 })).toBeNull();
  });

  it("stays finite for large logits", () => {
    const large = Float32Array.of(1000, -1000, 0);
    expect(sureClass(large, 0, { names, threshold: 0.999 })).toBe("a");
  });
});
