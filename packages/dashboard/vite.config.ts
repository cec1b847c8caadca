import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";
import manifest from "./package.json" with { type: "json" };

const site = "site";
const isWorthwhile = /\.(html|js|css|svg|json)$/;

/** Writes each file compressed beside itself: an orchestrator has it ready, and spends nothing on it. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir = site }) {
      for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
        if (!isWorthwhile.test(name)) continue;
        const path = join(dir, name);
        const content = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(content));
      }
    },
  };
}

/** What is bundled is shipped: package.json names it (`bundles`), so that a release's bill of materials does. */
function bundlesWhatItSays(): Plugin {
  return {
    name: "bundles-what-it-says",
    apply: "build",
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((part) => (part.type === "chunk" ? part.moduleIds : []));
      const packages = modules.flatMap(
        (id) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1] ?? [],
      );
      const unsaid = [...new Set(packages)].filter((name) => !manifest.bundles.includes(name));
      if (unsaid.length > 0) this.error(`package.json does not name in "bundles": ${unsaid.join(", ")}`);
    },
  };
}

/** The page's own address must arrive: sign-in compares it with where the page says it is from. */
const orchestrator = { target: "http://127.0.0.1:11500", changeOrigin: false };

// The site is served as it is, offline, under a strict Content-Security-Policy: no inline script, style or data URL.
export default defineConfig({
  base: "/",
  plugins: [compressed(), bundlesWhatItSays()],
  build: {
    outDir: site,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    // From these on browsers know `light-dark()`, popovers and oklch by themselves.
    cssTarget: ["chrome123", "firefox125", "safari17.5"],
    modulePreload: false,
  },
  // `npx vite packages/dashboard` beside a running orchestrator.
  server: {
    proxy: Object.fromEntries(["/v1", "/cluster", "/dashboard/v1"].map((path) => [path, orchestrator])),
  },
});
