import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import type { Command } from "./command.ts";

/** The repository's root, where this file lies two folders below it. */
const ROOT = join(import.meta.dirname, "../..");

export const benchCommand: Command = {
  name: "bench",
  summary: "microtome beside its peers; runs in the repository",
  usage: `[NAME] [options]

  Without a name: which benches there are. The benches are no part of the installed package.`,
  async run(args) {
    const script = join(ROOT, "bench/run.ts");
    if (!existsSync(script)) {
      throw new MicrotomeError(
        "usage",
        "the benches are not in the installed package: clone the repository and run `npm run bench` there",
      );
    }
    const child = spawn(process.execPath, ["--import", "tsx", script, ...args], {
      cwd: ROOT,
      stdio: "inherit",
    });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (status) => resolve(status ?? 1));
    });
  },
};
