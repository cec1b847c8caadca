/** The process that looks for GPUs: started by the hardware probe, tells what it found over IPC, and is then killed. */
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

process.on("disconnect", () => process.exit());

try {
  const llama = await getLlama({
    gpu: "auto",
    build: "never",
    skipDownload: true,
    logLevel: LlamaLogLevel.disabled,
  });
  const isGpu = llama.gpu !== false;
  const names = isGpu ? await llama.getGpuDeviceNames() : [];
  const memory = isGpu ? await llama.getVramState() : { total: 0, free: 0 };
  process.send?.({
    kind: "devices",
    backend: isGpu ? llama.gpu : "cpu",
    names,
    totalBytes: memory.total,
    freeBytes: memory.free,
  });
} catch (error) {
  process.send?.({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
}
