import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { pause, systemClock } from "@muster/base";

/** Watches what an orchestrator and its Redis take, once a second. */
export interface MemoryWatch {
  stop(): Promise<MemoryPeaks>;
}

export interface MemoryPeaks {
  readonly redisPeakBytes: number;
  readonly orchestratorPeakBytes: number;
  /** Beyond what it was when the watch began. */
  readonly orchestratorGrowthBytes: number;
}

const sampleEveryMs = 1_000;

export function watchMemory(of: { readonly pid: number; readonly redisSocket: string }): MemoryWatch {
  const startBytes = residentBytes(of.pid);
  let orchestratorPeakBytes = startBytes;
  let redisPeakBytes = 0;
  const sample = async () => {
    orchestratorPeakBytes = Math.max(orchestratorPeakBytes, residentBytes(of.pid));
    redisPeakBytes = Math.max(redisPeakBytes, await redisBytes(of.redisSocket));
  };
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      await sample();
      await pause(systemClock, sampleEveryMs, over.signal);
    }
  })();
  return {
    async stop() {
      over.abort();
      await watching;
      await sample();
      return {
        redisPeakBytes,
        orchestratorPeakBytes,
        orchestratorGrowthBytes: orchestratorPeakBytes - startBytes,
      };
    },
  };
}

/** Linux only, as the figures are. */
function residentBytes(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1]) * 1_024;
}

/** `used_memory`, which leaves out what the allocator holds back. */
function redisBytes(socketPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let text = "";
    socket.setEncoding("utf8");
    socket.once("error", reject);
    socket.on("data", (chunk: string) => {
      text += chunk;
      const found = /used_memory:(\d+)/.exec(text);
      if (found === null) return;
      socket.destroy();
      resolve(Number(found[1]));
    });
    socket.write("INFO memory\r\n");
  });
}
