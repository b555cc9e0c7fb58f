import { ModelContractError } from "../errors.ts";

/** Reads typed fields out of parsed JSON; every complaint names the file, the field, what was found and what was expected. */
export class JsonFields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #file: string;
  readonly #path: string;

  /** Throws ModelContractError where `value` is not an object. `path` is its place in the file, "" for the root. */
  constructor(value: unknown, file: string, path = "") {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw complaint(file, path === "" ? "the file" : `"${path}"`, value, "an object");
    }
    this.#value = value as Record<string, unknown>;
    this.#file = file;
    this.#path = path;
  }

  has(name: string): boolean {
    return this.#value[name] !== undefined && this.#value[name] !== null;
  }

  /** Throws ModelContractError where there is a field of another name: one that is misspelt would be passed over. */
  only(names: readonly string[]): void {
    const other = Object.keys(this.#value).find((name) => !names.includes(name));
    if (other === undefined) return;
    this.fail(other, `no such field, only ${names.map((name) => JSON.stringify(name)).join(", ")}`);
  }

  text(name: string): string {
    const value = this.#value[name];
    if (typeof value !== "string" || value === "") this.fail(name, "a non-empty string");
    return value as string;
  }

  texts(name: string): string[] {
    const value = this.#value[name];
    if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) {
      this.fail(name, "an array of strings");
    }
    return value as string[];
  }

  /** A finite number within [least, most]. */
  number(name: string, least: number, most = Number.POSITIVE_INFINITY): number {
    const value = this.#value[name];
    if (typeof value !== "number" || !(value >= least && value <= most)) {
      const limit = most === Number.POSITIVE_INFINITY ? `≥ ${least}` : `${least}…${most}`;
      this.fail(name, least === Number.NEGATIVE_INFINITY ? "a number" : `a number ${limit}`);
    }
    return value as number;
  }

  /** A whole number ≥ 1. */
  count(name: string): number {
    const value = this.#value[name];
    if (!Number.isInteger(value) || (value as number) < 1) this.fail(name, "a whole number ≥ 1");
    return value as number;
  }

  flag(name: string): boolean {
    const value = this.#value[name];
    if (typeof value !== "boolean") this.fail(name, "true or false");
    return value as boolean;
  }

  oneOf<T extends string | number>(name: string, choices: readonly T[]): T {
    const value = this.#value[name];
    if (!choices.includes(value as T)) {
      this.fail(name, `one of ${choices.map((c) => JSON.stringify(c)).join(", ")}`);
    }
    return value as T;
  }

  object(name: string): JsonFields {
    const path = this.#path === "" ? name : `${this.#path}.${name}`;
    return new JsonFields(this.#value[name], this.#file, path);
  }

  /** Throws ModelContractError about a field. */
  fail(name: string, expected: string): never {
    const path = this.#path === "" ? name : `${this.#path}.${name}`;
    throw complaint(this.#file, `"${path}"`, this.#value[name], expected);
  }
}

function complaint(
  file: string,
  place: string,
  value: unknown,
  expected: string,
): ModelContractError {
  const found =
    value === undefined ? "nothing" : (JSON.stringify(value)?.slice(0, 80) ?? "nothing");
  return new ModelContractError(
    `${file}: ${place}: found ${found}, expected ${expected}; the form of a model's description is in docs/models.md`,
    { file, field: place },
  );
}
