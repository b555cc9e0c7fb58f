/**
 * Every error microtome raises on purpose, and what it means to a shell and to a browser.
 *
 * A message says what was found, what was expected and what to do. The `code` is a contract:
 * scripts may match on it.
 */

/** The code of an error, with the exit status and the HTTP status it stands for. */
export const ERROR_TABLE = {
  usage: { exit: 2, http: 400 },
  "unknown-task": { exit: 2, http: 400 },
  "missing-mpp": { exit: 2, http: 422 },
  "output-unwritable": { exit: 2, http: 500 },
  "run-mismatch": { exit: 2, http: 409 },
  "input-not-found": { exit: 3, http: 404 },
  "unsupported-slide": { exit: 3, http: 415 },
  "corrupt-slide": { exit: 3, http: 422 },
  "corrupt-file": { exit: 3, http: 422 },
  "model-not-found": { exit: 4, http: 404 },
  "model-contract": { exit: 4, http: 422 },
  "model-checksum": { exit: 4, http: 422 },
  "model-download": { exit: 4, http: 502 },
  "provider-unavailable": { exit: 4, http: 501 },
  "patch-failed": { exit: 1, http: 500 },
  "fell-short": { exit: 1, http: 500 },
  forbidden: { exit: 2, http: 403 },
  "not-found": { exit: 3, http: 404 },
  interrupted: { exit: 130, http: 503 },
} as const satisfies Record<string, { readonly exit: number; readonly http: number }>;

/** One of the codes of {@link ERROR_TABLE}. */
export type ErrorCode = keyof typeof ERROR_TABLE;

/** Values that make a message checkable: paths, found and expected figures. */
export type ErrorFields = Readonly<Record<string, string | number | boolean | null>>;

/** The base of every deliberate error: a literal code, typed fields, and a cause where there is one. */
export class MicrotomeError extends Error {
  override readonly name: string = "MicrotomeError";
  readonly code: ErrorCode;
  readonly fields: ErrorFields;

  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.fields = fields;
  }

  /** The exit status a command ends with when this error ends it. */
  get exitStatus(): number {
    return ERROR_TABLE[this.code].exit;
  }

  /** The HTTP status a request ends with when this error ends it. */
  get httpStatus(): number {
    return ERROR_TABLE[this.code].http;
  }
}

/** Raised when no format in the table recognises the file. */
export class UnsupportedSlideError extends MicrotomeError {
  override readonly name = "UnsupportedSlideError";
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super("unsupported-slide", message, fields, cause);
  }
}

/** Raised when a recognised file contradicts itself or ends too early. */
export class CorruptSlideError extends MicrotomeError {
  override readonly name = "CorruptSlideError";
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super("corrupt-slide", message, fields, cause);
  }
}

/** Raised when a slide tells no µm/px and none was given. */
export class MissingMppError extends MicrotomeError {
  override readonly name = "MissingMppError";
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super("missing-mpp", message, fields, cause);
  }
}

/** Raised when a task's name is not in the TASKS table. */
export class UnknownTaskError extends MicrotomeError {
  override readonly name = "UnknownTaskError";
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super("unknown-task", message, fields, cause);
  }
}

/** Raised when a model's inputs or outputs are not those of its contract. */
export class ModelContractError extends MicrotomeError {
  override readonly name = "ModelContractError";
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super("model-contract", message, fields, cause);
  }
}

/** Raised when one patch could not be read or segmented; the run goes on without it. */
export class PatchFailedError extends MicrotomeError {
  override readonly name = "PatchFailedError";
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super("patch-failed", message, fields, cause);
  }
}

/** An error as plain data, for crossing a worker boundary or landing in run.json. */
export interface ErrorRecord {
  readonly code: ErrorCode | "internal";
  readonly message: string;
  readonly fields: ErrorFields;
}

/** Turns anything thrown into plain data; a foreign error becomes code `internal`. */
export function toErrorRecord(error: unknown): ErrorRecord {
  if (error instanceof MicrotomeError) {
    return { code: error.code, message: error.message, fields: error.fields };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: "internal", message, fields: {} };
}
