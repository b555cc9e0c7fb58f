import { type ParseArgsConfig, parseArgs } from "node:util";
import { MicrotomeError } from "../errors.ts";
import type { Box } from "../geometry.ts";

/** Where a command writes: stdout for results, stderr for everything said on the way. */
export interface Terminal {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  /** Aborted by Ctrl-C or SIGTERM, which it takes over as soon as it is first looked at. */
  readonly signal: AbortSignal;
}

/** One command of the bin; its file has its name. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows `microtome <name>`, and a line an option. */
  readonly usage: string;
  /** Returns the exit status; throws MicrotomeErrors for everything else. */
  run(args: readonly string[], terminal: Terminal): Promise<number>;
}

type OptionTable = NonNullable<ParseArgsConfig["options"]>;

/** Values of a command line, with every reader naming the flag it reads in its error. */
export class Arguments {
  readonly positionals: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #command: string;

  private constructor(
    command: string,
    positionals: readonly string[],
    values: Readonly<Record<string, unknown>>,
  ) {
    this.#command = command;
    this.positionals = positionals;
    this.#values = values;
  }

  /**
   * Parses `args` by a table of options; `--verbose` is always known.
   *
   * Throws `usage` for unknown options and a wrong number of positionals.
   */
  static parse(
    command: string,
    args: readonly string[],
    options: OptionTable,
    positionals: readonly [min: number, max: number],
  ): Arguments {
    let parsed: { values: Record<string, unknown>; positionals: string[] };
    try {
      parsed = parseArgs({
        args: joinNegatives(args),
        options: { ...options, verbose: { type: "boolean" } },
        allowPositionals: true,
        strict: true,
      });
    } catch (error) {
      throw usage(command, firstSentence((error as Error).message));
    }
    const [min, max] = positionals;
    const found = parsed.positionals.length;
    if (found < min || found > max) {
      const expected = min === max ? `${min}` : `${min} to ${max}`;
      throw usage(command, `expected ${expected} ${max === 1 ? "path" : "paths"}, found ${found}`);
    }
    return new Arguments(command, parsed.positionals, parsed.values);
  }

  string(flag: string): string | undefined {
    return this.#values[flag] as string | undefined;
  }

  /** Every value of an option that may be repeated. */
  strings(flag: string): readonly string[] {
    return (this.#values[flag] as readonly string[] | undefined) ?? [];
  }

  required(flag: string): string {
    const value = this.string(flag);
    if (value === undefined) throw usage(this.#command, `--${flag} is missing`);
    return value;
  }

  boolean(flag: string): boolean {
    return this.#values[flag] === true;
  }

  /** A finite number within [min, max]. */
  number(flag: string, min: number, max: number): number | undefined {
    const text = this.string(flag);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value) || value < min || value > max) {
      throw usage(this.#command, `--${flag} ${text}: expected a number from ${min} to ${max}`);
    }
    return value;
  }

  integer(flag: string, min: number, max: number): number | undefined {
    const value = this.number(flag, min, max);
    if (value !== undefined && !Number.isInteger(value)) {
      throw usage(this.#command, `--${flag} ${value}: expected a whole number`);
    }
    return value;
  }

  /** x,y,w,h in level-0 px. */
  box(flag: string): Box | undefined {
    const text = this.string(flag);
    if (text === undefined) return undefined;
    // Number("") is 0: an empty part is a slip, not the origin.
    const parts = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
    const [x, y, width, height] = parts;
    if (parts.length !== 4 || !parts.every(Number.isFinite) || width! <= 0 || height! <= 0) {
      throw usage(
        this.#command,
        `--${flag} ${text}: expected x,y,w,h in level-0 pixels, e.g. 1000,2000,512,512`,
      );
    }
    return { x: x!, y: y!, width: width!, height: height! };
  }

  oneOf<T extends string>(flag: string, allowed: readonly T[]): T | undefined {
    const text = this.string(flag);
    if (text === undefined) return undefined;
    if ((allowed as readonly string[]).includes(text)) return text as T;
    throw usage(this.#command, `--${flag} ${text}: expected one of ${allowed.join(", ")}`);
  }
}

/** `--box -10,0,5,5` → `--box=-10,0,5,5`: a number may be negative, which parseArgs takes for an option. */
function joinNegatives(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const argument of args) {
    const before = joined.at(-1);
    if (/^-[\d.]/.test(argument) && before?.startsWith("--") && !before.includes("=")) {
      joined[joined.length - 1] = `${before}=${argument}`;
    } else {
      joined.push(argument);
    }
  }
  return joined;
}

/** A usage error that says where help is. */
export function usage(command: string, what: string): MicrotomeError {
  return new MicrotomeError("usage", `${what}; see microtome ${command} --help`, { command });
}

function firstSentence(text: string): string {
  return text.split(/\.\s/)[0]!.replace(/\.$/, "");
}
