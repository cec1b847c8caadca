import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AtEnd, temporaryDirectory, untilTestEnds } from "../harness/cluster.ts";

/** Memory of the card. */
export const totalMib = 24_564;

/** A driver's tool that says what its files say, line by line for ever or once, as the real one does. */
const script = `#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> calls
gpu() {
  others=$(cat others)
  echo "0, GPU-5d2f3f0a-1c54-0b0e-2f0c-3a1a0c7d9b11, NVIDIA GeForce RTX 4090, 550.90.07, [N/A], ${totalMib}, $((${totalMib} - others)), $others, 37, 54, 120.00, 450.00"
}
case "$*" in
  pmon*) echo "# gpu pid type fb ccpm command"; while sleep 1; do echo "0 4242 C+G $(cat others) 0 blender"; done;;
  *-lms*) while gpu; do sleep 1; done;;
  *) gpu;;
esac
`;

/** A machine with one card of which others have `others(mib)`; `folder` goes to the front of PATH. */
export async function installNvidiaSmi(atEnd: AtEnd = untilTestEnds) {
  const folder = await temporaryDirectory(atEnd);
  const others = async (usedMib: number) => {
    // Whole or not at all: the tool reads it at any time.
    await writeFile(join(folder, "others.new"), String(usedMib));
    await rename(join(folder, "others.new"), join(folder, "others"));
  };
  await others(1_000);
  await writeFile(join(folder, "nvidia-smi"), script);
  await chmod(join(folder, "nvidia-smi"), 0o755);
  const calls = async () => (await readFile(join(folder, "calls"), "utf8")).trim().split("\n");
  return { folder, others, calls };
}
