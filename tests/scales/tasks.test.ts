import { describe, expect, it } from "vitest";
import { TASKS, taskNamed } from "../../src/scales/tasks.ts";

describe("TASKS", () => {
  it("has the three scales", () => {
    expect(Object.fromEntries(Object.values(TASKS).map((task) => [task.name, task.mpp]))).toEqual({
      nuclei: 0.25,
      tumor: 2,
      tissue: 8,
    });
  });

  it("is consistent", () => {
    for (const [key, task] of Object.entries(TASKS)) {
      expect(task.name).toBe(key);
      expect(task.patchSize % 32).toBe(0);
      expect(task.overlap).toBeLessThanOrEqual(task.patchSize / 2);
      expect(task.source).toMatch(/doi|arXiv|documentation/);
      const largest = task.maxAreaUm2;
      if (task.seams === "own") {
        // A round object of the largest size fits into the overlap, so some patch has it whole.
        expect(largest).not.toBeNull();
        expect(2 * Math.sqrt(largest! / Math.PI)).toBeLessThan(task.overlap * task.mpp);
      }
    }
  });

  it("names the known tasks when asked for another", () => {
    expect(taskNamed("nuclei")).toBe(TASKS.nuclei);
    for (const name of ["cells", "toString", ""]) {
      expect(() => taskNamed(name)).toThrow(
        expect.objectContaining({
          code: "unknown-task",
          message: expect.stringContaining("nuclei, tumor, tissue"),
        }),
      );
    }
  });
});
