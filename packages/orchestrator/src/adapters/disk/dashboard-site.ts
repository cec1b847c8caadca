import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import type { DashboardSite, SiteFile } from "../../ports/dashboard-site.ts";
import { sha256 } from "../common/sha256.ts";

/** What the build writes; a file of another kind is not given out. */
const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml; charset=utf-8",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};

/** Where the package of the dashboard has what its build writes. */
export function siteFolder(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve("@muster/dashboard/package.json")), "site");
}

/** Reads a built dashboard, a few hundred kilobytes, with what is compressed beside each file. */
export async function readDashboardSite(folder: string): Promise<DashboardSite> {
  const names = (await readIfThere(readdir(join(folder, "assets")))) ?? [];
  const assets = new Map<string, SiteFile>();
  for (const name of names) {
    const file = await readSiteFile(join(folder, "assets", name));
    if (file !== undefined) assets.set(name, file);
  }
  return { page: await readSiteFile(join(folder, "index.html")), assets };
}

async function readSiteFile(path: string): Promise<SiteFile | undefined> {
  const contentType = contentTypes[extname(path)];
  const plain = contentType === undefined ? undefined : await readIfThere(readFile(path));
  if (contentType === undefined || plain === undefined) return undefined;
  return {
    contentType,
    plain,
    etag: `"${sha256(plain).slice(0, 32)}"`,
    gzip: await readIfThere(readFile(`${path}.gz`)),
    brotli: await readIfThere(readFile(`${path}.br`)),
  };
}

async function readIfThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
