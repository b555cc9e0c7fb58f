import { spawnSync } from "node:child_process";
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

let root: string;
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "microtome-setup-")));
});
afterAll(() => rm(root, { recursive: true, force: true }));

it("does not install through a linked node_modules, which npm ci would empty for everyone", async () => {
  const shared = join(root, "shared");
  const checkout = join(root, "checkout");
  await mkdir(join(shared, "some-package"), { recursive: true });
  await mkdir(join(checkout, "scripts"), { recursive: true });
  const script = join(checkout, "scripts/setup.mjs");
  await copyFile(resolve(import.meta.dirname, "../../scripts/setup.mjs"), script);
  await writeFile(join(checkout, "package.json"), "{}");
  await writeFile(join(checkout, "package-lock.json"), "{}");
  await symlink(shared, join(checkout, "node_modules"), "junction");

  const refused = spawnSync(process.execPath, [script], { encoding: "utf8" });
  expect(refused.stderr).toMatch(/^error\[setup\]: .*node_modules is a symbolic link/);
  expect(refused.status).toBe(1);
  expect(await readdir(shared)).toEqual(["some-package"]);

  // What is installed already is taken as it is, linked or not.
  await writeFile(join(shared, ".package-lock.json"), "{}");
  const installed = spawnSync(process.execPath, [script], { encoding: "utf8" });
  expect(installed).toMatchObject({ status: 0, stderr: "" });
});
