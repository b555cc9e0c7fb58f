// Answers, dies, throws or hangs as it is told: what a decoder may do with hostile bytes.
import { parentPort, threadId } from "node:worker_threads";

parentPort.on("message", (job) => {
  if (job.do === "hang") for (;;);
  if (job.do === "exit") process.exit(7);
  if (job.do === "throw") throw new Error("out of its depth");
  parentPort.postMessage({ thread: threadId, spent: job.do === "spend" });
});
