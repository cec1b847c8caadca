import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

const planted = `
import { mkdir } from "node:fs/promises";
async function work(): Promise<number> { return 1; }
interface Thenable { then(done: () => void): void; send(): Thenable; }
class Deed extends Promise<number> {}
export async function run(items: string[], thenable: Thenable, deed: Deed, listen: (call: () => void) => void) {
  work(); // BAD
  mkdir("nowhere"); // BAD
  deed; // BAD
  work().then(() => {}); // BAD
  work().finally(() => {}); // BAD
  items.map(() => work()); // BAD
  items.forEach(async () => { await work(); }); // BAD
  listen(work); // BAD
  if (work()) items.pop(); // BAD
  await work();
  void work();
  work().catch(() => {});
  work().then(() => {}, () => {});
  thenable.send();
  listen(() => { items.pop(); });
  let later = work();
  later = work();
  return later;
}
`;

it("finds every loose promise, and nothing else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "muster-promises-"));
  try {
    const file = join(folder, "planted.ts");
    await writeFile(file, planted);
    const output = await new Promise<string>((resolve) => {
      execFile(process.execPath, ["tools/promises.mjs", file], { cwd: root }, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    const lines = [...output.matchAll(/planted\.ts:(\d+):/g)].map(([, line]) => Number(line));
    const bad = planted.split("\n").flatMap((text, index) => (text.endsWith("// BAD") ? [index + 1] : []));
    expect(lines).toEqual(bad);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
