import type { Instance } from "../../src/merge/instance.ts";
import { ObjectsFile } from "../../src/store/objects/objects-file.ts";
import { writeObjects } from "../../src/store/objects/write-objects.ts";
import { VERSION } from "../../src/version.ts";
import { serveJobs } from "../harness/serve-jobs.ts";
import type { QueryAnswer, StoreJob, WriteAnswer } from "./job.ts";
import { nuclei } from "./nuclei.ts";

/** Objects are made in chunks of so many while no time is taken. */
const CHUNK = 10_000;

/** Seconds that pass while it runs. */
class Clock {
  seconds = 0;
  cpuSeconds = 0;
  #since = 0;
  #before = process.cpuUsage();

  run(): void {
    this.#since = performance.now();
    this.#before = process.cpuUsage();
  }

  pause(): void {
    this.seconds += (performance.now() - this.#since) / 1000;
    const { user, system } = process.cpuUsage(this.#before);
    this.cpuSeconds += (user + system) / 1e6;
  }
}

await serveJobs<StoreJob>(VERSION, (job) => (job.op === "write" ? write(job) : query(job)));

async function write(job: Extract<StoreJob, { op: "write" }>): Promise<WriteAnswer> {
  const clock = new Clock();
  async function* timed(): AsyncGenerator<Instance, void, void> {
    const source = nuclei(job.count, job.seed);
    for (let left = job.count; left > 0; left -= CHUNK) {
      clock.pause();
      const chunk = Array.from({ length: Math.min(left, CHUNK) }, () => source.next().value!);
      clock.run();
      yield* chunk;
    }
  }
  const about = {
    runKey: "bench",
    task: "nuclei",
    objectName: "Nucleus",
    model: { name: "made-up", sha256: "" },
    mpp: { x: 0.25, y: 0.25 },
  };
  clock.run();
  const { bytes } = await writeObjects(timed(), { path: job.store, about });
  clock.pause();
  return { writeSeconds: clock.seconds, writeCpuSeconds: clock.cpuSeconds, bytes };
}

async function query(job: Extract<StoreJob, { op: "query" }>): Promise<QueryAnswer> {
  const started = performance.now();
  const file = await ObjectsFile.open(job.store);
  const openSeconds = (performance.now() - started) / 1000;
  const milliseconds: number[] = [];
  let found = 0;
  for (const box of job.boxes) {
    const before = performance.now();
    const objects: Instance[] = [];
    for await (const { instance } of file.within(box)) objects.push(instance);
    milliseconds.push(performance.now() - before);
    found += objects.length;
  }
  await file.close();
  return { openSeconds, milliseconds, found };
}
