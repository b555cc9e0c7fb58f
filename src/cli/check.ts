import { checkGeoJson } from "../export/check.ts";
import { Arguments, type Command } from "./command.ts";

export const checkCommand: Command = {
  name: "check",
  summary: "is a GeoJSON file what QuPath imports? each fault on a line",
  usage: `<file.geojson[.gz]> [--json]

Exit status 0: it imports; 1: each fault is named.`,
  async run(args, terminal) {
    const parsed = Arguments.parse("check", args, { json: { type: "boolean" } }, [1, 1]);
    const findings = await checkGeoJson(parsed.positionals[0]!);
    if (parsed.boolean("json")) {
      terminal.stdout.write(`${JSON.stringify({ ok: findings.length === 0, findings })}\n`);
    } else {
      for (const finding of findings) {
        terminal.stdout.write(`${finding.rule}: ${finding.message}\n`);
      }
      if (findings.length === 0) terminal.stdout.write("ok: QuPath imports this file\n");
    }
    return findings.length === 0 ? 0 : 1;
  },
};
