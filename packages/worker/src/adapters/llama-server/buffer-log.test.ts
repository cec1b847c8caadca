import { describe, expect, it } from "vitest";
import { createBufferLog } from "./buffer-log.ts";

const mib = 1024 ** 2;

function logOf(text: string) {
  const log = createBufferLog();
  for (const line of text.split("\n")) log.read(line);
  return log;
}

describe("the log of buffers", () => {
  it("adds up what is on the GPU and what is in main memory", () => {
    const log = logOf(`
load_tensors: offloaded 19/19 layers to GPU
load_tensors:   CPU_Mapped model buffer size =   170.00 MiB
load_tensors:        CUDA0 model buffer size =   235.16 MiB
llama_context:  CUDA_Host  output buffer size =     4.00 MiB
llama_kv_cache:      CUDA0 KV buffer size =    96.00 MiB
llama_kv_cache:      CUDA0 KV buffer size =    75.00 MiB
sched_reserve:      CUDA0 compute buffer size =   515.50 MiB
sched_reserve:  CUDA_Host compute buffer size =    20.50 MiB`);
    expect(log.memory()).toEqual({ vramBytes: Math.round(921.66 * mib), ramBytes: 194.5 * mib });
    expect(log.offload()).toEqual({ gpuLayers: 19, layers: 19 });
  });

  it("counts weights that were arranged anew once, where the file is mapped", () => {
    const repacked = "load_tensors:   CPU_REPACK model buffer size =    12.66 MiB";
    const mapped = "0.00.123 I load_tensors:   CPU_Mapped model buffer size =   235.16 MiB";
    expect(logOf(`${mapped}\n${repacked}`).memory()?.ramBytes).toBe(Math.round(235.16 * mib));
    const own = mapped.replace("CPU_Mapped", "CPU");
    expect(logOf(`${own}\n${repacked}`).memory()?.ramBytes).toBe(Math.round(247.82 * mib));
  });

  it("says nothing where nothing was said", () => {
    const log = logOf("main: server is listening\nllama_context: n_ctx = 4096");
    expect([log.memory(), log.offload()]).toEqual([undefined, undefined]);
  });
});
