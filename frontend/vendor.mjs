// Bundles third-party browser code from node_modules into app/static/vendor, with licences and a manifest.
// Run after `npm ci --ignore-scripts`; BokehJS is not here, the server serves it from the bokeh Python package.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const app = join(here, "..", "app");
const target = join(app, "static", "vendor");
const aside = `${target}.new`;
const { icons } = JSON.parse(await readFile(join(here, "package.json"), "utf8"));

/** One SVG file with a <symbol> for each icon used. */
async function sprite(names) {
  const symbols = [];
  for (const name of names) {
    const svg = await readFile(join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
    const body = svg.slice(svg.indexOf("<svg")).replace(/^<svg[^>]*>|<\/svg>\s*$/g, "").replace(/\s*\n\s*/g, "");
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" ` +
      `stroke-linecap="round" stroke-linejoin="round">${body}</symbol>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}

/** A file of a package without the pointer to its source map, which is not shipped. */
async function plain(path) {
  const text = await readFile(join(modules, path), "utf8");
  return text.replace(/\n?\/[/*]# sourceMappingURL=[^\n]*\n?$/, "\n");
}

const bundle = (entry) => build({
  entryPoints: [join(here, entry)], bundle: true, minify: true, format: "esm", target: "es2022",
  legalComments: "eof", write: false,
}).then((result) => result.outputFiles[0].text);

const files = {
  "tabler.min.css": () => plain("@tabler/core/dist/css/tabler.min.css"),
  "tabler.min.js": () => plain("@tabler/core/dist/js/tabler.min.js"),
  "htmx.min.js": () => plain("htmx.org/dist/htmx.min.js"),
  "socket.io.js": () => plain("socket.io-client/dist/socket.io.esm.min.js"),
  "codemirror.js": () => bundle("src/codemirror.js"),
  "elk.js": () => bundle("src/elk.js"),
  "elk-worker.min.js": () => plain("elkjs/lib/elk-worker.min.js"),
  "icons.svg": async () => sprite(icons),
};

/** Name, version and licence of every installed package (also those that only the others need). */
async function packages() {
  const lock = JSON.parse(await readFile(join(here, "package-lock.json"), "utf8"));
  const found = [];
  for (const path of Object.keys(lock.packages).filter((key) => key.startsWith("node_modules/"))) {
    try {
      const { name, version, license } = JSON.parse(await readFile(join(here, path, "package.json"), "utf8"));
      if (!name.startsWith("@esbuild/") && name !== "esbuild") found.push({ name, version, license, path });
    } catch (error) {
      if (error.code !== "ENOENT") throw error; // optional packages of other platforms are not installed
    }
  }
  return found;
}

async function licences(list) {
  const texts = [];
  for (const { name, version, license, path } of list) {
    const file = (await readdir(join(here, path))).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(join(here, path, file), "utf8") : `Licence: ${license}\n`;
    texts.push(`==== ${name} ${version} (${license}) ====\n\n${text.trim()}\n`);
  }
  return texts.join("\n\n");
}

await rm(aside, { recursive: true, force: true });
await mkdir(aside, { recursive: true });
const manifest = { packages: [], files: {} };
for (const [name, make] of Object.entries(files)) {
  const text = await make();
  await writeFile(join(aside, name), text);
  const sha256 = createHash("sha256").update(text).digest("hex");
  manifest.files[name] = { bytes: Buffer.byteLength(text), sha256 };
}
const list = await packages();
manifest.packages = list.map(({ name, version, license }) => ({ name, version, license }));
await writeFile(join(aside, "LICENCES.txt"), await licences(list));
await writeFile(join(aside, "manifest.json"), JSON.stringify(manifest, null, 1) + "\n");
await rm(target, { recursive: true, force: true });
await rename(aside, target);
const bytes = Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0);
console.log(`app/static/vendor: ${Object.keys(files).length} files, ${(bytes / 1024).toFixed(0)} KiB`);
