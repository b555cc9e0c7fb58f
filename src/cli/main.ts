#!/usr/bin/env node
import { MicrotomeError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { batchCommand } from "./batch.ts";
import { benchCommand } from "./bench.ts";
import { checkCommand } from "./check.ts";
import type { Command, Terminal } from "./command.ts";
import { evaluateCommand } from "./evaluate.ts";
import { exportCommand } from "./export.ts";
import { importCommand } from "./import.ts";
import { infoCommand } from "./info.ts";
import { modelsCommand } from "./models.ts";
import { regionCommand } from "./region.ts";
import { segmentCommand } from "./segment.ts";
import { tissueCommand } from "./tissue.ts";
import { viewCommand } from "./view.ts";

const COMMANDS: readonly Command[] = [
  infoCommand,
  segmentCommand,
  regionCommand,
  tissueCommand,
  exportCommand,
  importCommand,
  checkCommand,
  viewCommand,
  evaluateCommand,
  batchCommand,
  modelsCommand,
  benchCommand,
];

const HELP = `microtome ${VERSION}: whole-slide images, segmented. For research use only.

  microtome <command> …          microtome <command> --help

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join("\n")}

Exit status: 0 all done; 1 finished, but something failed or fell short; 2 wrong usage;
3 the input cannot be read; 4 the model cannot be used; 130 interrupted, resumable.
`;

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    (name === undefined ? process.stderr : process.stdout).write(HELP);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (!command) {
    const known = COMMANDS.map((candidate) => candidate.name).join(", ");
    throw new MicrotomeError("usage", `unknown command ${name}; known are ${known}`, { name });
  }
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(`${command.summary}\n\n  microtome ${name} ${command.usage}\n`);
    return 0;
  }
  return command.run(rest, openTerminal());
}

/**
 * The first Ctrl-C asks for an orderly end, the second ends at once: the ledger bears either.
 * Only a command that looks at the signal takes Ctrl-C over; the others end as any program does.
 */
function openTerminal(): Terminal {
  let controller: AbortController | null = null;
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    get signal() {
      controller ??= abortOnInterrupt();
      return controller.signal;
    },
  };
}

function abortOnInterrupt(): AbortController {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller;
}

function explain(error: unknown): number {
  const known = error instanceof MicrotomeError;
  const code = known ? error.code : "internal";
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`error[${code}]: ${text.replace(/\s*\n\s*/g, " ")}\n`);
  if (process.argv.includes("--verbose") && error instanceof Error) {
    process.stderr.write(`${error.stack ?? ""}\n`);
    if (error.cause instanceof Error) process.stderr.write(`caused by ${error.cause.stack}\n`);
  }
  return known ? error.exitStatus : 1;
}

// A closed pipe (`microtome info … | head`) is the reader's choice, not a fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = explain(error);
}
