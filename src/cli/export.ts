import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { MicrotomeError } from "../errors.ts";
import { readRunRecord } from "../store/run-folder.ts";
import { Arguments, type Command } from "./command.ts";

export const exportCommand: Command = {
  name: "export",
  summary: "a run's objects as a file of their own",
  usage: `<run dir> --format qupath|geojson --out FILE

  --format   qupath and geojson are the same file: GeoJSON in QuPath's form
  --out      FILE.geojson, or FILE.geojson.gz to keep it compressed`,
  async run(args) {
    const options = { format: { type: "string" }, out: { type: "string" } } as const;
    const parsed = Arguments.parse("export", args, options, [1, 1]);
    parsed.required("format");
    parsed.oneOf("format", ["qupath", "geojson"]);
    const out = parsed.required("out");
    const folder = parsed.positionals[0]!;
    const record = await readRunRecord(folder);
    const name = record?.files.find((file) => file.endsWith(".geojson.gz"));
    if (!record || !name) {
      const found = record ? `a run that is ${record.state}` : "no run.json";
      throw new MicrotomeError(
        "input-not-found",
        `${folder}: found ${found}, expected the folder of a finished run (microtome segment makes one).`,
        { folder },
      );
    }
    await copyObjects(join(folder, name), out);
    return 0;
  },
};

/** Copies a run's objects, decompressed where `out` asks for it; damage is found before `out` is touched. */
async function copyObjects(from: string, out: string): Promise<void> {
  await pipeline(createReadStream(from), createGunzip(), new PassThrough().resume()).catch(
    (error: NodeJS.ErrnoException) => {
      const missing = error.code === "ENOENT";
      throw new MicrotomeError(
        missing ? "input-not-found" : "corrupt-file",
        `${from} ${missing ? "is gone" : `is damaged (${error.message})`}; make the run again with --overwrite.`,
        { path: from },
        error,
      );
    },
  );
  const temporary = `${out}.${process.pid}.tmp`;
  const to = createWriteStream(temporary, { flags: "wx", flush: true });
  const source = createReadStream(from);
  try {
    await (out.endsWith(".gz") ? pipeline(source, to) : pipeline(source, createGunzip(), to));
    await rename(temporary, out);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new MicrotomeError(
      "output-unwritable",
      `cannot write ${out}: ${(error as Error).message}; choose a file you may write with --out.`,
      { path: out },
      error,
    );
  }
}
