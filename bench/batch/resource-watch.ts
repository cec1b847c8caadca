import { connect } from "node:net";
import { pause, systemClock } from "@muster/base";
import { cpuSeconds, residentBytes } from "../process-usage.ts";
import type { BenchCluster } from "../processes.ts";

/** What a cluster takes of memory, looked at once a second, and of processor time. Linux only, as the figures are. */
export interface ResourceWatch {
  stop(): Promise<Resources>;
}

export interface Resources {
  readonly redisPeakBytes: number;
  readonly orchestratorPeakBytes: number;
  /** Beyond what it was when the watch began. */
  readonly orchestratorGrowthBytes: number;
  readonly cpuSeconds: CpuSeconds;
}

interface CpuSeconds {
  readonly orchestrator: number;
  readonly redis: number;
  readonly workers: number;
}

const sampleEveryMs = 1_000;

export async function watchResources(cluster: BenchCluster): Promise<ResourceWatch> {
  const { orchestratorPid, redisSocket } = cluster;
  const redisPid = numberOf("process_id", await redisInfo(redisSocket));
  const cpuOf = (): CpuSeconds => ({
    orchestrator: cpuSeconds(orchestratorPid),
    redis: cpuSeconds(redisPid),
    workers: cluster.workerPids().reduce((sum, pid) => sum + cpuSeconds(pid), 0),
  });
  const startBytes = residentBytes(orchestratorPid);
  const startCpu = cpuOf();
  let orchestratorPeakBytes = startBytes;
  let redisPeakBytes = 0;
  const sample = async () => {
    orchestratorPeakBytes = Math.max(orchestratorPeakBytes, residentBytes(orchestratorPid));
    // Leaves out what the allocator holds back.
    redisPeakBytes = Math.max(redisPeakBytes, numberOf("used_memory", await redisInfo(redisSocket)));
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
      const endCpu = cpuOf();
      return {
        redisPeakBytes,
        orchestratorPeakBytes,
        orchestratorGrowthBytes: orchestratorPeakBytes - startBytes,
        cpuSeconds: {
          orchestrator: endCpu.orchestrator - startCpu.orchestrator,
          redis: endCpu.redis - startCpu.redis,
          workers: endCpu.workers - startCpu.workers,
        },
      };
    },
  };
}

function redisInfo(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let text = "";
    socket.setEncoding("utf8");
    socket.once("error", reject);
    socket.on("data", (chunk: string) => {
      text += chunk;
      // A bulk string: its length on a line of its own, then so many bytes.
      const [head = "", length = "Infinity"] = /^\$(\d+)\r\n/.exec(text) ?? [];
      if (text.length < head.length + Number(length)) return;
      socket.destroy();
      resolve(text);
    });
    socket.write("INFO everything\r\n");
  });
}

function numberOf(field: string, info: string): number {
  return Number(new RegExp(`^${field}:(\\d+)`, "m").exec(info)?.[1]);
}
