import { cpus, freemem } from "node:os";

export interface SystemLoad {
  readonly freeRamBytes: number;
  /** Share of all cores in use since the last reading, 0 to 1. */
  readonly cpuLoad: number;
}

/** Reads how busy the machine is; each reading looks at the time since the one before. */
export function createLoadReader(): () => SystemLoad {
  let last = cpuTimes();
  return () => {
    const now = cpuTimes();
    const total = now.total - last.total;
    const busy = now.busy - last.busy;
    last = now;
    return { freeRamBytes: freemem(), cpuLoad: total > 0 ? Math.min(1, Math.max(0, busy / total)) : 0 };
  };
}

function cpuTimes(): { readonly total: number; readonly busy: number } {
  let total = 0;
  let idle = 0;
  for (const { times } of cpus()) {
    total += times.user + times.nice + times.sys + times.irq + times.idle;
    idle += times.idle;
  }
  return { total, busy: total - idle };
}
