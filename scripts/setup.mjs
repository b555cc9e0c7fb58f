// Installs what package-lock.json names, once: the first step of `npm test` and `npm run demo`.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Runs a command in the package's folder and ends the process with its status if it fails. */
export function runStep(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, ...env },
    shell: process.platform === "win32",
  });
  if (error) console.error(`error[setup]: ${command} could not be started: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs the packages unless those that the lockfile names are there already. */
export function ensureInstalled() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    console.error(
      `error[setup]: found Node ${process.versions.node}, expected 20.19 or newer; install it from your system or nodejs.org.`,
    );
    process.exit(1);
  }
  const marker = join(root, "node_modules", ".package-lock.json");
  const lock = join(root, "package-lock.json");
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs) return;
  const packages = join(root, "node_modules");
  // npm ci empties node_modules before it fills it, and through a link what others use as well.
  if (lstatSync(packages, { throwIfNoEntry: false })?.isSymbolicLink()) {
    console.error(
      `error[setup]: ${packages} is a symbolic link, and packages would have to be installed: npm ci would empty the folder it points to. Remove the link and start again, or install in that folder.`,
    );
    process.exit(1);
  }
  console.error("installing packages (once) …");
  // Without this, onnxruntime-node's install script would fetch GPU libraries on Linux.
  runStep("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    ONNXRUNTIME_NODE_INSTALL: "skip",
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) ensureInstalled();
