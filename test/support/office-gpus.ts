import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type AtEnd, temporaryDirectory } from "../harness/cluster.ts";

export interface OfficeGpu {
  readonly name: string;
  readonly totalMib: number;
  readonly usedMib: number;
  readonly busyPercent: number;
  readonly watts: number;
}

/** A driver's tool that tells of these cards, a little different each second. Its folder goes to the front of PATH. */
export async function installGpus(gpus: readonly OfficeGpu[], atEnd: AtEnd): Promise<string> {
  const folder = await temporaryDirectory(atEnd);
  const lines = gpus.map(({ name, totalMib, usedMib, busyPercent, watts }, index) => {
    const id = `GPU-${totalMib}${usedMib}-1c54-0b0e-2f0c-3a1a0c7d9b1${index}`;
    const memory = `${totalMib}, ${totalMib - usedMib}, ${usedMib}`;
    return `  echo "${index}, ${id}, NVIDIA ${name}, 550.90.07, [N/A], ${memory}, $((${busyPercent} + now % 7)), 61, $((${watts} + now % 13)).00, 450.00"`;
  });
  const script = [
    "#!/bin/sh",
    "gpus() {",
    "  now=$(date +%s)",
    ...lines,
    "}",
    // It does not list programs: what Muster has is then as its engines say.
    'case "$*" in pmon*) exit 1;; *-lms*) while gpus; do sleep 1; done;; *) gpus;; esac',
    "",
  ].join("\n");
  await writeFile(join(folder, "nvidia-smi"), script);
  await chmod(join(folder, "nvidia-smi"), 0o755);
  return folder;
}
