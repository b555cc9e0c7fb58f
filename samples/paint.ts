import { parseArgs } from "node:util";
import { paintTrainingSet } from "./training-set.ts";

const USAGE = `Paints H&E tissue with exact ground truth. For research use only.

  npm run --silent paint -- --out DIR --count N [--size 512] [--mpp 0.25] [--seed 1] [--first 0]
      pictures, 16-bit instance labels and index.tsv, for training and tests
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: "string" },
      count: { type: "string", default: "8" },
      size: { type: "string", default: "512" },
      mpp: { type: "string", default: "0.25" },
      seed: { type: "string", default: "1" },
      first: { type: "string", default: "0" },
    },
  });
  if (values.out === undefined) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  await paintTrainingSet(
    {
      out: values.out,
      count: Number(values.count),
      size: Number(values.size),
      mpp: Number(values.mpp),
      seed: Number(values.seed),
      first: Number(values.first),
    },
    (line) => process.stderr.write(`${line}\n`),
  );
}

await main();
