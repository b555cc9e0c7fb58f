import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = resolve(import.meta.dirname, "../../src");
const LEAVES = ["tiler", "scales", "segment", "merge", "store", "export", "evaluate"];

/** What a room may import at run time; everything may import types from a room upstream of it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  root: ["root"],
  ...Object.fromEntries(LEAVES.map((room) => [room, ["root", room]])),
  pipeline: ["root", ...LEAVES, "pipeline"],
  server: ["root", ...LEAVES, "pipeline", "server"],
  cli: ["root", ...LEAVES, "pipeline", "server", "cli"],
  viewer: ["viewer"],
  index: ["root", ...LEAVES, "pipeline", "server"],
};

/** Packages that belong to one room alone. */
const OWNED_PACKAGES: Readonly<Record<string, string>> = {
  "onnxruntime-node": "segment",
  piscina: "segment",
  sharp: "tiler",
  koffi: "tiler",
  express: "server",
  openseadragon: "viewer",
};

interface ImportLine {
  readonly file: string;
  readonly room: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function roomOf(path: string): string {
  const [first, second] = relative(SRC, path).split("/");
  if (second !== undefined) return first!;
  return first === "index.ts" ? "index" : "root";
}

function importLines(): ImportLine[] {
  const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const pattern =
    /(?:^|\n)\s*(import|export)\s+(type\s)?([^;"']*?)\s*(?:from\s*)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g;
  return files.flatMap((name) => {
    const file = join(SRC, name);
    const text = readFileSync(file, "utf8");
    return [...text.matchAll(pattern)].map((match) => {
      const names = (match[3] ?? "").match(/^\{([^}]*)\}$/)?.[1]?.split(",") ?? [];
      const allTypes = names.length > 0 && names.every((part) => /^\s*(type\s|$)/.test(part));
      return {
        file,
        room: roomOf(file),
        target: match[4] ?? match[5]!,
        typeOnly: match[2] !== undefined || allTypes,
      };
    });
  });
}

describe("the import rules of docs/architecture.md", () => {
  const lines = importLines();

  it("sees the rooms", () => {
    expect(lines.length).toBeGreaterThan(100);
    for (const room of Object.keys(MAY_IMPORT)) {
      expect(
        lines.some((line) => line.room === room) || room === "root",
        `room ${room} has no imports`,
      ).toBe(true);
    }
  });

  it("lets values flow one way only", () => {
    const broken = lines
      .filter((line) => line.target.startsWith(".") && !line.typeOnly)
      .filter((line) => {
        const target = roomOf(resolve(line.file, "..", line.target));
        return line.target.endsWith(".ts") && !MAY_IMPORT[line.room]?.includes(target);
      })
      .map((line) => `${relative(SRC, line.file)} imports ${line.target}`);
    expect(broken).toEqual([]);
  });

  it("lets leaf rooms take types from leaf rooms only", () => {
    const order = ["root", "tiler", "scales", "segment", "merge", "store", "export", "evaluate"];
    const peers = new Set(order);
    const broken = lines
      .filter((line) => line.target.startsWith(".") && line.typeOnly && peers.has(line.room))
      .filter((line) => !peers.has(roomOf(resolve(line.file, "..", line.target))))
      .map((line) => `${relative(SRC, line.file)} takes a type from ${line.target}`);
    expect(broken).toEqual([]);
  });

  it("keeps each package in its room", () => {
    const broken = lines
      .filter((line) => OWNED_PACKAGES[line.target] !== undefined && !line.typeOnly)
      .filter((line) => OWNED_PACKAGES[line.target] !== line.room)
      .map((line) => `${relative(SRC, line.file)} imports ${line.target}`);
    expect(broken).toEqual([]);
  });
});
