export interface CpuInfo {
  readonly model: string | undefined;
  /** Undefined where the system does not tell which processors share a core. */
  readonly physicalCores: number | undefined;
}

/** Reads Linux's /proc/cpuinfo: processors that share socket and core number are one core. */
export function parseProcCpuinfo(text: string): CpuInfo {
  const cores = new Set<string>();
  let model: string | undefined;
  let isComplete = true;
  for (const block of text.split(/\n\s*\n/)) {
    const fields = new Map<string, string>();
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon > 0) fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
    model ??= fields.get("model name");
    if (!fields.has("processor")) continue;
    const [socket, core] = [fields.get("physical id"), fields.get("core id")];
    if (socket === undefined || core === undefined) isComplete = false;
    cores.add(`${socket}:${core}`);
  }
  return { model, physicalCores: isComplete && cores.size > 0 ? cores.size : undefined };
}

/** Reads macOS's `sysctl -n hw.physicalcpu machdep.cpu.brand_string`. */
export function parseSysctl(text: string): CpuInfo {
  const [count = "", model = ""] = text.trim().split("\n");
  const physicalCores = Number(count);
  return {
    model: model.trim() === "" ? undefined : model.trim(),
    physicalCores: Number.isInteger(physicalCores) && physicalCores > 0 ? physicalCores : undefined,
  };
}

/**
 * How many cores may be lent. Where nobody says whether two processors share a core, half of them are taken for cores:
 * too few threads cost a little speed, too many cost most of it.
 * @param limitCores what a container's quota allows; undefined: no quota
 */
export function usableCores(found: {
  readonly physicalCores: number | undefined;
  readonly logicalCores: number;
  readonly isSmtOff: boolean;
  readonly limitCores: number | undefined;
}): { readonly physicalCores: number; readonly logicalCores: number } {
  const limit = found.limitCores ?? Number.POSITIVE_INFINITY;
  const unlimited =
    found.physicalCores ?? (found.isSmtOff ? found.logicalCores : Math.floor(found.logicalCores / 2));
  const logicalCores = Math.max(1, Math.min(found.logicalCores, Math.ceil(limit)));
  const physicalCores = Math.max(1, Math.min(unlimited, logicalCores, Math.floor(limit)));
  return { physicalCores, logicalCores };
}
