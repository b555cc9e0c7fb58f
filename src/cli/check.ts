import { checkGeoJson } from "../export/check.ts";
import { type FixReport, fixGeoJson } from "../export/fix.ts";
import { Arguments, type Command, type Terminal } from "./command.ts";

export const checkCommand: Command = {
  name: "check",
  summary: "is a GeoJSON file what QuPath imports? each fault on a line; --fix mends it",
  usage: `<file.geojson[.gz]> [--fix OUT] [--json]

  --fix OUT   writes what can be mended to OUT (.geojson or .geojson.gz), says what was done to which
              object, and names what is left out. The file itself stays as it is.
  --json      the same as one JSON object

Exit status 0: it imports, or all of it was mended; 1: each fault is named, or something was left out.
The rules are in docs/geometry.md.`,
  async run(args, terminal) {
    const options = { fix: { type: "string" }, json: { type: "boolean" } } as const;
    const parsed = Arguments.parse("check", args, options, [1, 1]);
    const path = parsed.positionals[0]!;
    const out = parsed.string("fix");
    if (out === undefined) return check(path, parsed.boolean("json"), terminal);
    return fix(path, out, parsed.boolean("json"), terminal);
  },
};

async function check(path: string, json: boolean, { stdout }: Terminal): Promise<number> {
  let features = 0;
  const findings = await checkGeoJson(path, () => {
    features++;
  });
  if (json) {
    stdout.write(`${JSON.stringify({ ok: findings.length === 0, findings })}\n`);
  } else {
    for (const { rule, message } of findings) stdout.write(`${rule}: ${message}\n`);
    if (findings.length === 0) {
      const empty = features === 0 ? ", but there is nothing in it: 0 objects" : "";
      stdout.write(`ok: QuPath imports this file${empty}\n`);
    }
  }
  return findings.length === 0 ? 0 : 1;
}

async function fix(
  path: string,
  out: string,
  json: boolean,
  { stdout }: Terminal,
): Promise<number> {
  const report = await fixGeoJson(path, out);
  if (json) stdout.write(`${JSON.stringify({ ok: report.leftOut === 0, out, ...report })}\n`);
  else for (const line of linesOf(report, out)) stdout.write(`${line}\n`);
  return report.leftOut === 0 ? 0 : 1;
}

function linesOf(report: FixReport, out: string): string[] {
  const { done, left, byRule, features, written, mended, leftOut } = report;
  const times = Object.values(byRule).reduce((sum, count) => sum + count, 0);
  const counts = Object.entries(byRule).map(([rule, count]) => `${rule} ${count}`);
  const more = (listed: number, all: number) =>
    all > listed ? [`… and ${all - listed} more`] : [];
  return [
    ...done.map(({ rule, message }) => `mended ${rule}: ${message}`),
    ...more(done.length, times),
    ...left.map(({ rule, message }) => `left out, ${rule}: ${message}`),
    ...more(left.length, leftOut),
    `${out}: ${written} of ${features} features, ${mended} of them mended (${counts.join(", ") || "nothing to do"}), ${leftOut} left out`,
  ];
}
