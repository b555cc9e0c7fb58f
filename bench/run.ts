import { BENCHES } from "./harness/benches.ts";

const [name, ...rest] = process.argv.slice(2);
const asksForHelp =
  name === undefined || [name, ...rest].some((word) => ["--help", "-h"].includes(word));
const bench = BENCHES.find((candidate) => candidate.name === name);
if (!bench || asksForHelp) {
  const list = BENCHES.map(({ name, summary, usage }) => `  ${name}  ${summary}\n${usage}`);
  const text = `npm run bench -- NAME [options]\n\n${list.join("\n\n")}\n`;
  if (asksForHelp) process.stdout.write(text);
  else {
    const names = BENCHES.map((candidate) => candidate.name).join(", ");
    process.stderr.write(`error[usage]: there is no bench ${name}; known are ${names}\n`);
    process.exitCode = 2;
  }
} else {
  try {
    await bench.run(rest);
  } catch (error) {
    process.stderr.write(`error[bench]: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
