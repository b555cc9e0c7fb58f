import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The package's own models: `models/` is as far from src/segment as from dist/segment. */
export const OWN_MODELS = fileURLToPath(new URL("../../models/", import.meta.url));

/**
 * The folder that fetched and added models are kept in: MICROTOME_MODELS, else the place for a user's
 * data on this system. It need not exist.
 */
export function userModelsFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.MICROTOME_MODELS) return resolve(env.MICROTOME_MODELS);
  if (process.platform === "win32") {
    return join(env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "microtome", "models");
  }
  if (process.platform === "darwin") {
    return join(homedir(), "Library", "Application Support", "microtome", "models");
  }
  return join(env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "microtome", "models");
}
