// `npm run demo [-- <slide> --task T …] [--no-serve]`: from a fresh clone to outlines in a browser.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled, runStep } from "./setup.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = join(root, "dist", "cli", "main.js");

const passed = process.argv.slice(2);
const serve = !passed.includes("--no-serve");
const args = passed.filter((argument) => argument !== "--no-serve");
const own = !hasSlide(args);
if (own) args.unshift(join(root, "samples", "sample.tif"));
if (!has("--task")) args.push("--task", "nuclei");
if (!has("--out")) args.push("--out", join(root, "out"));
// The sample starts anew every time; a slide of the user's goes on where an earlier demo stopped.
if (!has("--overwrite") && !has("--resume")) args.push(own ? "--overwrite" : "--resume");

ensureInstalled();
if (isStale()) {
  console.error("building …");
  runStep("npm", ["run", "build", "--loglevel=error"]);
}

const first = spawnSync(process.execPath, [bin, "segment", ...args, "--json"], {
  // People call npm from their own folder: a slide's path is meant from there.
  cwd: process.env.INIT_CWD ?? process.cwd(),
  stdio: ["inherit", "pipe", "inherit"],
  encoding: "utf8",
  maxBuffer: 64 * 1024 * 1024,
});
const summary = first.stdout ? JSON.parse(first.stdout.trim().split("\n").at(-1)) : null;
if (!summary?.run) {
  if (summary) console.log(JSON.stringify(summary, null, 2));
  process.exit(first.status ?? 1);
}

console.log(
  `${summary.slide}: ${summary.objects} objects (${summary.task}) in ${summary.areaMm2.toFixed(2)} mm², ${summary.seconds.toFixed(1)} s, model ${summary.model.name}`,
);
for (const file of summary.files) console.log(`  ${file}`);
console.log("  For research use only.");

if (!serve) process.exit(first.status ?? 0);
const viewer = spawn(process.execPath, [bin, "view", summary.run], {
  stdio: ["inherit", "pipe", "inherit"],
});
viewer.stdout.on("data", (data) => {
  process.stdout.write(data);
  const url = String(data).match(/https?:\/\/\S+/)?.[0];
  if (url && process.stdout.isTTY && !process.env.CI) openBrowser(url);
});
viewer.on("exit", (code) => process.exit(code ?? 0));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => viewer.kill(signal));

/** Whether an option is given, as `--name value` or `--name=value`. */
function has(name) {
  return args.some((argument) => argument === name || argument.startsWith(`${name}=`));
}

/** Whether a slide is named: an argument that is neither an option nor an option's value. */
function hasSlide(list) {
  const flags = new Set(["--resume", "--overwrite", "--dry-run", "--json", "--verbose"]);
  return list.some((argument, index) => {
    const before = list[index - 1];
    const isValue = before?.startsWith("--") && !before.includes("=") && !flags.has(before);
    return !argument.startsWith("-") && !isValue;
  });
}

/** Whether any source is newer than what was built from it. */
function isStale() {
  if (!existsSync(bin) || !existsSync(join(root, "dist", "viewer", "index.html"))) return true;
  const built = Math.min(
    statSync(bin).mtimeMs,
    statSync(join(root, "dist", "viewer", "index.html")).mtimeMs,
  );
  const sources = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true });
  return sources.some(
    (entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).mtimeMs > built,
  );
}

/** Shows the address in the user's browser where there is a way to; its absence is no fault. */
function openBrowser(url) {
  const [command, ...rest] =
    process.platform === "darwin"
      ? ["open", url]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", "", url]
        : ["xdg-open", url];
  spawn(command, rest, { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}
