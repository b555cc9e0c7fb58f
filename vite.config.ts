import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

// Nothing is inlined: the server's content security policy allows files of its own and no data in them.
export default defineConfig({
  root: fileURLToPath(new URL("src/viewer", import.meta.url)),
  base: "/",
  build: {
    outDir: fileURLToPath(new URL("dist/viewer", import.meta.url)),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    // The bundle carries OpenSeadragon: its licence asks that the notice goes with it.
    license: { fileName: "third-party-licences.md" },
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  server: { proxy: { "/api": "http://127.0.0.1:8017" } },
});
