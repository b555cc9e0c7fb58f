import { once } from "node:events";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { PROVIDERS } from "../segment/provider.ts";
import { requireProvider } from "../segment/require-provider.ts";
import { startServer } from "../server/start-server.ts";
import { openSlide } from "../tiler/open-slide.ts";
import type { OpenOptions } from "../tiler/slide.ts";
import { Arguments, type Command } from "./command.ts";
import { BACKEND_HELP, BACKEND_OPTION, backendOption, PROVIDER_HELP } from "./slide-options.ts";

const DEFAULT_PORT = 8017;

export const viewCommand: Command = {
  name: "view",
  summary: "slides and outlines in a browser",
  usage: `<slide | run dir | folder> [--port N] [--host H --token T] [--allow-origin O]…
                               [--click-cache DIR]

  --port N          ${DEFAULT_PORT} unless taken; 0 picks a free one
  --host H          another address than 127.0.0.1, which then needs
  --token T         a secret that every request must carry
${BACKEND_HELP}
  --click-cache DIR keeps what clicks need to be answered quickly between starts: up to
                    2 GiB of encoded parts of slides, for your account alone
${PROVIDER_HELP}
  --allow-origin O  lets pages of this site (https://viewer.example.org, or * for
                    every site) read Deep Zoom and IIIF addresses; may be repeated`,
  async run(args, terminal) {
    const options = {
      ...BACKEND_OPTION,
      port: { type: "string" },
      host: { type: "string" },
      token: { type: "string" },
      "allow-origin": { type: "string", multiple: true },
      "click-cache": { type: "string" },
      provider: { type: "string" },
    } as const;
    const parsed = Arguments.parse("view", args, options, [1, 1]);
    const target = parsed.positionals[0]!;
    const backend = backendOption(parsed);
    await refuseUnreadableSlide(target, backend);
    const provider = parsed.oneOf("provider", PROVIDERS);
    if (provider !== undefined) await requireProvider(provider);
    const host = parsed.string("host");
    const token = parsed.string("token");
    const clickCache = parsed.string("click-cache");
    const port = parsed.integer("port", 0, 65535);
    const server = await startServer({
      target,
      ...backend,
      port: port ?? DEFAULT_PORT,
      ...(port === undefined ? { anyPortIfTaken: true } : {}),
      ...(host === undefined ? {} : { host }),
      ...(token === undefined ? {} : { token }),
      clicks: {
        ...(clickCache === undefined ? {} : { cacheFolder: resolve(clickCache) }),
        ...(provider === undefined ? {} : { provider }),
      },
      allowedOrigins: parsed.strings("allow-origin"),
    });
    terminal.stdout.write(`${server.url}\n`);
    terminal.stderr.write("serving until Ctrl-C; for research use only\n");
    if (!terminal.signal.aborted) await once(terminal.signal, "abort");
    await server.close();
    return 0;
  },
};

/** A file that is no slide would be an empty page: better an error at once. */
async function refuseUnreadableSlide(target: string, options: OpenOptions): Promise<void> {
  const info = await stat(target).catch(() => null);
  if (info?.isFile()) await (await openSlide(target, options)).close();
}
