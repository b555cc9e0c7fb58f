import { join } from "node:path";
import { MicrotomeError } from "../errors.ts";
import { textOf } from "../export/read-features.ts";
import { writeWhole } from "../export/write-whole.ts";
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
    await writeWhole(out, textOf(join(folder, name)));
    return 0;
  },
};
