import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { objectStoreContract } from "../../ports/object-store.contract.ts";
import { createDiskObjectStore } from "./object-store.ts";

const folders: string[] = [];
afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});

objectStoreContract("directory", async () => {
  const folder = await mkdtemp(join(tmpdir(), "muster-objects-"));
  folders.push(folder);
  return () => createDiskObjectStore({ directory: join(folder, "made/by/it") });
});
