import { defineConfig } from "vitest/config";

// Tests start worker threads of their own: each file runs in a forked process, not in a thread.
export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: "tests/build-once.ts",
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
