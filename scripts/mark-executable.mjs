// Makes the built command line executable: npx runs the package's own bin as a file, and tsc writes it without the bit.
import { chmodSync } from "node:fs";
import { fileURLToPath } from "node:url";

chmodSync(fileURLToPath(new URL("../dist/cli/main.js", import.meta.url)), 0o755);
