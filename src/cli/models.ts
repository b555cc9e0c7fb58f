import { catalogueEntry, readCatalogue } from "../segment/catalogue.ts";
import { addModel, fetchModel, type InstallOptions } from "../segment/install-model.ts";
import type { ModelSpec } from "../segment/model.ts";
import { userModelsFolder } from "../segment/models-folder.ts";
import { listModels, loadModel } from "../segment/registry.ts";
import { Arguments, type Command, type Terminal, usage } from "./command.ts";
import { createPacedLine, endProgressLine } from "./progress-line.ts";

const ACTIONS = ["list", "catalogue", "fetch", "add", "verify"] as const;

export const modelsCommand: Command = {
  name: "models",
  summary: "the models at hand; fetch a public one, add one of your own",
  usage: `[list] [--json]
       microtome models catalogue [--json]       public exports that can be fetched by name
       microtome models fetch NAME [--from DIR]  brings one here; from a folder where there is no connection
       microtome models add FILE.json            keeps a model of yours, checked against its contract
       microtome models verify [NAME|FILE.json]  whether the files are whole

  --from DIR   take the files from DIR, under their published names, instead of the network
  --overwrite  replace a model of the same name
  --json       one JSON value on stdout

Models are kept in MICROTOME_MODELS, or in the user's data folder. HTTPS_PROXY is heeded.`,
  async run(args, terminal) {
    const parsed = Arguments.parse(
      "models",
      args,
      {
        json: { type: "boolean" },
        from: { type: "string" },
        overwrite: { type: "boolean" },
      },
      [0, 2],
    );
    const [action = "list", subject] = parsed.positionals;
    const from = parsed.string("from") ?? null;
    if (from !== null && action !== "fetch") throw usage("models", "--from goes with fetch");
    const json = parsed.boolean("json");
    const options: InstallOptions = {
      overwrite: parsed.boolean("overwrite"),
      signal: terminal.signal,
    };
    switch (action) {
      case "list":
      case "verify": {
        const names = subject === undefined ? await listModels() : [subject];
        // Loading checks every file against its SHA-256 and throws where one differs.
        const models = await Promise.all(names.map((name) => loadModel(name)));
        show(models, json, terminal, action === "verify" ? ", whole" : "");
        return 0;
      }
      case "catalogue":
        await showCatalogue(json, terminal);
        return 0;
      case "fetch":
        show([await fetch(needed(action, subject), from, options, terminal)], json, terminal);
        return 0;
      case "add":
        show([await addModel(needed(action, subject), options)], json, terminal);
        return 0;
      default:
        throw usage("models", `unknown action ${action}; known are ${ACTIONS.join(", ")}`);
    }
  },
};

function needed(action: string, subject: string | undefined): string {
  if (subject !== undefined) return subject;
  throw usage("models", `${action} needs ${action === "add" ? "a FILE.json" : "a NAME"}`);
}

function show(models: readonly ModelSpec[], json: boolean, terminal: Terminal, said = ""): void {
  if (json) {
    terminal.stdout.write(`${JSON.stringify(models)}\n`);
    return;
  }
  for (const model of models) {
    const megabytes = (model.files.encoder.bytes + model.files.decoder.bytes) / 1e6;
    terminal.stdout.write(
      `${model.name} ${model.version}  ${model.contract}, ${model.tasks.join("+")}, ${megabytes.toFixed(1)} MB, ${model.licence}, sha256 ${model.sha256.slice(0, 12)}…${said}\n`,
    );
  }
}

async function showCatalogue(json: boolean, terminal: Terminal): Promise<void> {
  const entries = await readCatalogue();
  if (json) {
    terminal.stdout.write(`${JSON.stringify(entries)}\n`);
    return;
  }
  for (const { name, title, contract, licence, home } of entries) {
    terminal.stdout.write(`${name}  ${title}; ${contract}, ${licence}, ${home}\n`);
  }
}

async function fetch(
  name: string,
  from: string | null,
  options: InstallOptions,
  terminal: Terminal,
): Promise<ModelSpec> {
  const entry = await catalogueEntry(name);
  terminal.stderr.write(
    `${entry.title}, licence ${entry.licence} (${entry.home}), into ${userModelsFolder()}\n`,
  );
  const line = createPacedLine(terminal);
  const started = performance.now();
  const onProgress = (file: string, done: number, total: number | null): void => {
    const rate = done / 1e3 / Math.max(performance.now() - started, 1);
    const of = total === null ? "" : ` of ${(total / 1e6).toFixed(1)}`;
    line(`${file}: ${(done / 1e6).toFixed(1)}${of} MB, ${rate.toFixed(1)} MB/s`, done === total);
  };
  try {
    return await fetchModel(entry, from, { ...options, onProgress });
  } finally {
    endProgressLine(terminal);
  }
}
