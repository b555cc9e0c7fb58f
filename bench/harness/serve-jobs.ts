import { createInterface } from "node:readline";

/**
 * The other end of a {@link Contender} written in TypeScript: greets, then does a job a line.
 *
 * `work` does the whole job and returns what is to be answered; its time is taken here.
 */
export async function serveJobs<Job>(
  version: string,
  work: (job: Job) => Promise<Readonly<Record<string, unknown>>>,
): Promise<void> {
  const say = (answer: unknown) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  say({ version });
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const started = performance.now();
      const before = process.cpuUsage();
      const answer = await work(JSON.parse(line) as Job);
      const seconds = (performance.now() - started) / 1000;
      const { user, system } = process.cpuUsage(before);
      // On Linux and macOS alike Node gives the peak in KiB.
      const cpuSeconds = (user + system) / 1e6;
      say({ ...answer, seconds, cpuSeconds, peakMiB: process.resourceUsage().maxRSS / 1024 });
    } catch (error) {
      say({ error: error instanceof Error ? error.message : String(error) });
    }
  }
}
