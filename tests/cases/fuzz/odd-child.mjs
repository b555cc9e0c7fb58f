// Stands in for tests/fuzz/attempt.ts: ends, stands still or answers as each file's name says.
import { createInterface } from "node:readline";

for await (const line of createInterface({ input: process.stdin })) {
  const { id, path } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify({ id, index: 0 })}\n`);
  if (path === "dies") process.kill(process.pid, "SIGSEGV");
  // Long past any patience, but not for ever: should the parent fail to end it.
  if (path === "hangs") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
  if (path === "eats memory") for (const kept = []; ; ) kept.push(Buffer.alloc(2 ** 26, 1));
  const result = { id, index: 0, outcome: path, ms: 1, rss: 1024 };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
