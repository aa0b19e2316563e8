// Bundles src/ into ../static/built: each script of src/pages by itself, what they share in chunks, and the two style sheets.
// The target is what old office computers in closed networks still have (Chrome 80: 360, UOS browsers).
import { readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "built");
const pages = readdirSync(join(here, "src", "pages")).filter((name) => name.endsWith(".js"));

rmSync(out, { recursive: true, force: true });
const shared = { bundle: true, minify: true, target: "chrome80", legalComments: "linked", logLevel: "warning", outdir: out };
await build({
  ...shared,
  entryPoints: [join(here, "src", "console.js"), ...pages.map((name) => join(here, "src", "pages", name))],
  format: "esm",
  splitting: true,
  entryNames: "[name]",
  chunkNames: "chunks/[name]-[hash]",
});
await build({ ...shared, entryPoints: [join(here, "src", "console.css"), join(here, "src", "map.css")], entryNames: "[name]" });
