import { defineConfig } from "vitest/config";

// geotiff's web-worker dependency throws inside worker threads: tests run in forked processes.
export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
