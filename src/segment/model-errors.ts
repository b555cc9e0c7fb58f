import {
  type ErrorFields,
  type ErrorRecord,
  MicrotomeError,
  ModelContractError,
  PatchFailedError,
} from "../errors.ts";

/** Raised when no model has the name asked for, or a file that a model's description names is not there. */
export class ModelNotFoundError extends MicrotomeError {
  override readonly name = "ModelNotFoundError";
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super("model-not-found", message, fields, cause);
  }
}

/** Raised when a model file's SHA-256 is not the one its description states. */
export class ModelChecksumError extends MicrotomeError {
  override readonly name = "ModelChecksumError";
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super("model-checksum", message, fields, cause);
  }
}

/** Raised when a model's file cannot be had from where it is said to be, whole. */
export class ModelDownloadError extends MicrotomeError {
  override readonly name = "ModelDownloadError";
  constructor(message: string, fields: ErrorFields = {}, cause?: unknown) {
    super("model-download", message, fields, cause);
  }
}

/** The error a worker sent as plain data, of its own class again; a foreign one becomes PatchFailedError. */
export function rebuildError(record: ErrorRecord): MicrotomeError {
  switch (record.code) {
    case "model-contract":
      return new ModelContractError(record.message, record.fields);
    case "model-not-found":
      return new ModelNotFoundError(record.message, record.fields);
    case "model-checksum":
      return new ModelChecksumError(record.message, record.fields);
    case "patch-failed":
    case "internal":
      return new PatchFailedError(record.message, record.fields);
    default:
      return new MicrotomeError(record.code, record.message, record.fields);
  }
}
