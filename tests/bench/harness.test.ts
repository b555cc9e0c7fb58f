import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { BENCHES } from "../../bench/harness/benches.ts";
import { Contender } from "../../bench/harness/contender.ts";
import { interleave } from "../../bench/harness/interleave.ts";
import { formatSummary, quantile, summarise } from "../../bench/harness/summary.ts";
import { writeMosaic } from "../../bench/slides/mosaic.ts";
import { reencodedTiles } from "../../bench/slides/source-tiles.ts";
import { spliceJpeg } from "../../src/tiler/jpeg.ts";
import { openSlide } from "../../src/tiler/open-slide.ts";
import { runCli } from "../cli/run-cli.ts";
import { busy, paint, rgb, scratchFolder } from "../tiler/write-slides.ts";

const folder = scratchFolder();

it("interleave asks every contender once a round, in orders that the seed decides", async () => {
  const run = async (seed: number) => {
    const order: string[] = [];
    const contenders = ["a", "b", "c"].map((name) => ({
      name,
      once: async (round: number) => {
        order.push(name);
        return round;
      },
    }));
    const values = await interleave(contenders, { rounds: 6, warmups: 1, seed });
    return { order, values };
  };
  const { order, values } = await run(3);
  expect(order.length).toBe(21);
  for (let round = 0; round < 7; round++) {
    expect(order.slice(round * 3, round * 3 + 3).sort()).toEqual(["a", "b", "c"]);
  }
  expect(values.get("b")).toEqual([0, 1, 2, 3, 4, 5]);
  expect((await run(3)).order).toEqual(order);
  const orders = new Set(Array.from({ length: 7 }, (_, i) => order.slice(i * 3, i * 3 + 3).join()));
  expect(orders.size).toBeGreaterThan(1);
});

it("summarises by median and spread", () => {
  expect(summarise([5, 1, 4, 100])).toEqual({ median: 4.5, low: 1, high: 100, rounds: 4 });
  expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9);
  expect(formatSummary(summarise([123.4, 99.96, 130]))).toBe("123 (100–130)");
  expect(() => summarise([])).toThrow("expected at least one");
});

it("a contender answers jobs, and its failures are heard", async () => {
  const script = `
    process.stdout.write('{"version":"9"}\\n');
    process.stdin.on("data", (line) => {
      const { n } = JSON.parse(line);
      process.stdout.write(JSON.stringify(n ? { twice: n * 2 } : { error: "no n" }) + "\\n");
    });`;
  const how = { name: "echo", command: process.execPath, args: ["-e", script] };
  const contender = await Contender.start(how);
  expect(contender.version).toBe("9");
  expect(await contender.ask<{ twice: number }>({ n: 21 })).toHaveProperty("twice", 42);
  await expect(contender.ask({})).rejects.toThrow("echo: no n");
  await contender.stop();
  const missing = { ...how, command: join(folder, "nothing") };
  await expect(Contender.start(missing)).rejects.toThrow("echo");
});

it("a mosaic has the source's own tiles at level 0 and the same picture at its other levels", async () => {
  const path = join(folder, "source.png");
  await rgb(paint(600, 520, busy), 600, 520)
    .png()
    .toFile(path);
  const source = await reencodedTiles(path);
  expect([source.columns, source.rows]).toEqual([2, 2]);
  const mosaic = join(folder, "mosaic.tif");
  const spec = { width: 1500, height: 1100, mpp: 0.5, description: "a test", seed: 5 };
  await writeMosaic(mosaic, source, spec);
  const slide = await openSlide(mosaic);
  expect(slide.levels.map(({ size }) => size)).toEqual([
    { width: 1500, height: 1100 },
    { width: 375, height: 275 },
    { width: 93, height: 68 },
  ]);
  expect(slide.mpp?.x).toBeCloseTo(0.5, 3);
  const tile = await slide.readRawTile(0, 3, 1);
  const own = source.tiles.map((bytes) => Buffer.from(spliceJpeg(bytes, null, 6)!));
  expect(own.some((bytes) => bytes.equals(tile!.data))).toBe(true);
  const mean = async (level: number, side: number) => {
    const { data } = await slide.readRegion(level, { x: 0, y: 0, width: side, height: side });
    return data.reduce((sum, value) => sum + value, 0) / data.length;
  };
  expect(Math.abs((await mean(0, 1024)) - (await mean(1, 256)))).toBeLessThan(3);
  expect(Math.abs((await mean(0, 1024)) - (await mean(2, 64)))).toBeLessThan(3);
  await slide.close();
});

it("microtome bench lists the benches, and knows no other", async () => {
  const listed = await runCli(["bench"]);
  expect(listed.status).toBe(0);
  expect(listed.stdout).toContain("reading");
  const unknown = await runCli(["bench", "nothing"]);
  expect(unknown).toMatchObject({ status: 2, stdout: "" });
  expect(unknown.stderr).toContain("error[usage]: there is no bench nothing");
});

it.each([[[]], [["--help"]]])(
  "lists the benches where none is named: %j",
  (args: string[]) => {
    const run = join(import.meta.dirname, "../../bench/run.ts");
    const text = execFileSync(process.execPath, ["--import", "tsx", run, ...args], {
      encoding: "utf8",
    });
    for (const { name, summary } of BENCHES) expect(text).toContain(`  ${name}  ${summary}`);
  },
  60_000,
);
