import { cpus } from "node:os";

/** Reads the share of all cores that is in use, 0 to 1; each reading looks at the time since the one before. */
export function createCpuLoadReader(): () => number {
  let last = cpuTimes();
  return () => {
    const now = cpuTimes();
    const total = now.total - last.total;
    const busy = now.busy - last.busy;
    last = now;
    return total > 0 ? Math.min(1, Math.max(0, busy / total)) : 0;
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
