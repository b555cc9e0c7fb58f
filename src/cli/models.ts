import { listModels, loadModel } from "../segment/registry.ts";
import { Arguments, type Command, usage } from "./command.ts";

export const modelsCommand: Command = {
  name: "models",
  summary: "the models at hand, and whether their files are whole",
  usage: `[list | verify [NAME|FILE.json]] [--json]`,
  async run(args, terminal) {
    const parsed = Arguments.parse("models", args, { json: { type: "boolean" } }, [0, 2]);
    const [action = "list", only] = parsed.positionals;
    if (action !== "list" && action !== "verify") {
      throw usage("models", `unknown action ${action}; known are list, verify`);
    }
    const names = only === undefined ? await listModels() : [only];
    // Loading checks every file against its SHA-256 and throws where one differs.
    const models = await Promise.all(names.map((name) => loadModel(name)));
    if (parsed.boolean("json")) {
      terminal.stdout.write(`${JSON.stringify(models)}\n`);
      return 0;
    }
    for (const model of models) {
      const megabytes = (model.files.encoder.bytes + model.files.decoder.bytes) / 1e6;
      terminal.stdout.write(
        `${model.name} ${model.version}  ${model.contract}, ${model.tasks.join("+")}, ${megabytes.toFixed(1)} MB, ${model.licence}, sha256 ${model.sha256.slice(0, 12)}…${action === "verify" ? ", whole" : ""}\n`,
      );
    }
    return 0;
  },
};
