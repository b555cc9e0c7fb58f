import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { MicrotomeError } from "./errors.ts";

const IN_WORDS: Readonly<Record<string, string>> = {
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "the file system is read-only",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  ENOSPC: "no room is left on the disk",
  EDQUOT: "your disk quota is used up",
};

/** The error `output-unwritable` of a path that cannot be written, by what the file system said. */
export function unwritable(path: string, error: unknown): MicrotomeError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code ?? message ?? String(error);
  const folder = dirname(resolve(path));
  if (code === "ENOENT" && !existsSync(folder)) {
    return new MicrotomeError(
      "output-unwritable",
      `${path} cannot be written: the folder ${folder} does not exist. Make it, or give another path.`,
      { path, reason },
      error,
    );
  }
  const words = IN_WORDS[reason];
  return new MicrotomeError(
    "output-unwritable",
    `${path} cannot be written (${words === undefined ? reason : `${words}: ${reason}`}); expected a folder that exists, may be written and has room. Give another path.`,
    { path, reason },
    error,
  );
}
