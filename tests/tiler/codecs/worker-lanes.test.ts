import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { type LaneOptions, WorkerLanes } from "../../../src/tiler/codecs/worker-lanes.ts";

interface Job {
  readonly do: "answer" | "spend" | "hang" | "exit" | "throw";
}
interface Answer {
  readonly thread: number;
  readonly spent: boolean;
}

const file = pathToFileURL(join(import.meta.dirname, "odd-worker.mjs"));
const open: WorkerLanes<Job, Answer>[] = [];
const lanes = (options: Partial<LaneOptions> = {}): WorkerLanes<Job, Answer> => {
  const made = new WorkerLanes<Job, Answer>({ file, deadlineMs: 20_000, threads: 2, ...options });
  open.push(made);
  return made;
};

afterEach(() => Promise.all(open.splice(0).map((made) => made.close())));

describe("WorkerLanes", () => {
  it("starts no more threads than it may, and uses them again", async () => {
    const made = lanes();
    expect(made.threads).toBe(0);
    const answers = await Promise.all(Array.from({ length: 6 }, () => made.run({ do: "answer" })));
    expect(new Set(answers.map((answer) => answer.thread)).size).toBeLessThanOrEqual(2);
    expect(made.threads).toBeLessThanOrEqual(2);
    await made.close();
    expect(made.threads).toBe(0);
  });

  it.each([
    ["exit", "ended with status 7"],
    ["throw", "out of its depth"],
    ["hang", "longer than 1 s"],
  ] as const)("replaces a thread that does: %s", async (what, words) => {
    const made = lanes({ threads: 1 });
    const first = await made.run({ do: "answer" });
    const [bad, good] = await Promise.allSettled([
      made.run({ do: what }, { deadlineMs: what === "hang" ? 1000 : 20_000 }),
      made.run({ do: "answer" }),
    ]);
    expect(bad).toMatchObject({
      status: "rejected",
      reason: { message: expect.stringContaining(words) },
    });
    expect(good).toMatchObject({ status: "fulfilled" });
    expect(good.status === "fulfilled" && good.value.thread).not.toBe(first.thread);
  });

  it("replaces a thread that says it is spent", async () => {
    const made = lanes({ threads: 1 });
    const spent = await made.run({ do: "spend" });
    expect(made.threads).toBe(0);
    expect((await made.run({ do: "answer" })).thread).not.toBe(spent.thread);
  });

  it("lets idle threads go", async () => {
    const made = lanes({ idleMs: 1 });
    await made.run({ do: "answer" });
    await expect.poll(() => made.threads).toBe(0);
  });
});

it("a process that has decoded JPEG 2000 exits by itself", async () => {
  const tsx = import.meta.resolve("tsx");
  const codec = pathToFileURL(
    join(import.meta.dirname, "../../../src/tiler/codecs/jpeg2000.ts"),
  ).href;
  const code = `import { decodeJpeg2000 } from ${JSON.stringify(codec)};
    const bytes = new Uint8Array(200);
    bytes.set([255,79,255,81,0,41,0,0,0,0,0,8,0,0,0,8,0,0,0,0,0,0,0,0,0,0,0,8,0,0,0,8,0,0,0,0,0,0,0,0,0,1,7,1,1]);
    bytes.set([255,82,0,12,0,0,0,1,0,1,4,4,0,1,255,144,0,10,0,0,0,0,0,0,0,1,255,147], 45);
    await decodeJpeg2000(bytes).catch((error) => console.log(error.message));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", tsx, "--input-type=module", "-e", code],
    { timeout: 15_000 },
  );
  expect(stdout).toMatch(/OpenJPEG/);
});
