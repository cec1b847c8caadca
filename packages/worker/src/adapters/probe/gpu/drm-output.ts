/** A number in a file of sysfs; undefined for anything else. */
export function parseNumber(text: string | undefined): number | undefined {
  const found = /^\s*(\d+)\s*$/.exec(text ?? "");
  return found === null ? undefined : Number(found[1]);
}

/** What one open file of a process has on a GPU, as the kernel's fdinfo tells. */
export interface ClientMemory {
  /** `0000:03:00.0`. */
  readonly pciSlot: string;
  /** Open files of one client tell the same. */
  readonly clientId: string;
  readonly bytes: number;
}

const unitBytes: Readonly<Record<string, number>> = { "": 1, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 };
/** Of the GPU's own memory: amdgpu's name, xe's and i915's. What is resident counts; older kernels have one number. */
const memoryKeys = [
  ...["drm-resident-vram", "drm-resident-vram0", "drm-resident-local0"],
  ...["drm-memory-vram", "drm-total-vram0", "drm-total-local0"],
];

/** Reads /proc/<pid>/fdinfo/<fd>; undefined where it is no GPU's, or tells of no memory of its own. */
export function parseFdinfo(text: string): ClientMemory | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (line.startsWith("drm-") && colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const pciSlot = fields.get("drm-pdev");
  const clientId = fields.get("drm-client-id");
  if (pciSlot === undefined || clientId === undefined) return undefined;
  for (const key of memoryKeys) {
    const found = /^(\d+)\s*(KiB|MiB|GiB|)$/i.exec(fields.get(key) ?? "no number");
    const unit = unitBytes[found?.[2]?.toLowerCase() ?? ""];
    if (found !== null && unit !== undefined) return { pciSlot, clientId, bytes: Number(found[1]) * unit };
  }
  return undefined;
}

/** `PCI_SLOT_NAME` of a device's uevent. */
export function parsePciSlot(uevent: string | undefined): string | undefined {
  return /^PCI_SLOT_NAME=(\S+)$/m.exec(uevent ?? "")?.[1];
}
