import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERROR_TABLE, type ErrorCode } from "../../src/errors.ts";
import cases from "../cases/cli/bad-inputs.json" with { type: "json" };
import { makeFiles, REAL_SLIDE } from "./bad-input-files.ts";
import { runCli, startCli } from "./run-cli.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "microtome-bad-inputs-"));
  await makeFiles(dir);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/**
 * One row of tests/cases/cli/bad-inputs.json; `{dir}` stands for the folder of made files, `{out}`
 * for a folder that is not there yet.
 */
interface BadInput {
  readonly name: string;
  readonly args: readonly string[];
  readonly expectExit: number;
  readonly expectCode: string;
  readonly messageIncludes: readonly string[];
  readonly needs?: string;
}

const rows: readonly BadInput[] = cases;

describe.concurrent("a bad input ends in one line, its code and its exit status", () => {
  rows.forEach((row, index) => {
    const absent = row.needs !== undefined && !existsSync(REAL_SLIDE);
    const title = absent ? `${row.name} (needs ${row.needs}: set MICROTOME_DATA)` : row.name;
    test.skipIf(absent)(title, { timeout: 120_000 }, async ({ onTestFinished }) => {
      const fill = (text: string): string =>
        text.replaceAll("{dir}", dir).replaceAll("{out}", join(dir, `out-${index}`));
      const { child, ended } = startCli(row.args.map(fill));
      // A command that hangs must not outlive its test.
      onTestFinished(() => void child.kill("SIGKILL"));
      const { status, stdout, stderr } = await ended;
      // Lines of progress may come before it; the error is the last line, and one line.
      const lines = stderr.trimEnd().split("\n");
      const error = lines.pop();
      expect(error).toMatch(new RegExp(`^error\\[${row.expectCode}\\]: .`));
      for (const words of row.messageIncludes) expect(error).toContain(fill(words));
      expect(lines.filter((line) => /error|^\s+at /i.test(line))).toEqual([]);
      expect(status).toBe(row.expectExit);
      expect(stdout).toBe("");
    });
  });
});

test("every case's exit status is the one the table gives its code", () => {
  for (const { name, expectCode, expectExit } of rows) {
    expect(ERROR_TABLE[expectCode as ErrorCode]?.exit, name).toBe(expectExit);
  }
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
});

test("--verbose adds the stack, below the one line", { timeout: 120_000 }, async () => {
  const args = ["info", join(dir, "text.svs"), "--verbose"];
  const { status, stdout, stderr } = await runCli(args);
  const [first, ...stack] = stderr.trimEnd().split("\n");
  expect(first).toMatch(/^error\[unsupported-slide\]: /);
  expect(stack.some((line) => /^\s+at .*open-slide/.test(line))).toBe(true);
  expect([status, stdout]).toEqual([3, ""]);
});

test("no command at all: help on stderr, exit 2", { timeout: 120_000 }, async () => {
  const { status, stdout, stderr } = await runCli([]);
  expect(stderr).toContain("microtome <command>");
  expect([status, stdout]).toEqual([2, ""]);
});

test("a refused run leaves no run folder behind", { timeout: 120_000 }, async () => {
  const out = join(dir, "left-behind");
  const [slide, model] = [join(dir, "cut-half.svs"), join(dir, "model.json")];
  const args = ["segment", slide, "--task", "nuclei", "--model", model, "--out", out];
  expect((await runCli(args)).status).toBe(3);
  expect(await readdir(dir)).not.toContain("left-behind");
});
