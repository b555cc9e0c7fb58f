import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
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
    const temporary = `${out}.${process.pid}.tmp`;
    const from = createReadStream(join(folder, name));
    const to = createWriteStream(temporary, { flags: "wx" });
    try {
      await (out.endsWith(".gz") ? pipeline(from, to) : pipeline(from, createGunzip(), to));
      await rename(temporary, out);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw new MicrotomeError(
        "output-unwritable",
        `cannot copy ${name} to ${out}: ${(error as Error).message}`,
        { path: out },
        error,
      );
    }
    return 0;
  },
};
