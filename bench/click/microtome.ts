import type { ItemList } from "../../src/server/api.ts";
import { startServer } from "../../src/server/start-server.ts";
import { VERSION } from "../../src/version.ts";
import { serveJobs } from "../harness/serve-jobs.ts";
import type { ServeAnswer, ServeJob } from "./job.ts";

await serveJobs<ServeJob>(VERSION, async ({ slide }): Promise<ServeAnswer> => {
  const { url, port } = await startServer({ target: slide, port: 0 });
  const { slides } = (await (await fetch(`${url}api/items`)).json()) as ItemList;
  return { port, path: `/api/slides/${slides[0]!.id}/segment` };
});
// The server that was started would keep the process alive.
process.exit(0);
