import { availableParallelism } from "node:os";
import type { Env } from "@muster/base";

/** What a native library needs: where programs and libraries are, and which GPUs it may use. Never a secret. */
const passedNames = new Set([
  "PATH",
  "HOME",
  "USERPROFILE",
  "LANG",
  "LC_ALL",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SYSTEMROOT",
  "LD_LIBRARY_PATH",
  "DYLD_LIBRARY_PATH",
  "UV_THREADPOOL_SIZE",
]);
const passedPrefixes = ["CUDA_", "GGML_", "VK_", "NODE_LLAMA_CPP_", "NVIDIA_", "HIP_", "ROCR_"];

/** How a desktop is asked: where its display and its buses are. */
const desktopNames = new Set([
  "DISPLAY",
  "XAUTHORITY",
  "USER",
  "LOGNAME",
  "DESKTOP_SESSION",
  "I3SOCK",
  "SWAYSOCK",
]);
const desktopPrefixes = ["XDG_", "WAYLAND_", "DBUS_SESSION_", "HYPRLAND_", "KDE_"];

/** The environment of programs that tell of the owner: as little as of the engine's, and the way to the desktop. */
export function desktopEnvironment(host: Env): Record<string, string> {
  const environment = childEnvironment(host);
  for (const [name, value] of Object.entries(host)) {
    const upper = name.toUpperCase();
    const isPassed = desktopNames.has(upper) || desktopPrefixes.some((prefix) => upper.startsWith(prefix));
    if (isPassed && value !== undefined) environment[name] = value;
  }
  return environment;
}

/** The environment of the engine's child process. */
export function childEnvironment(host: Env): Record<string, string> {
  // Sampling runs on libuv's threads, one per sequence; more threads than cores only get in each other's way.
  const environment: Record<string, string> = {
    UV_THREADPOOL_SIZE: String(Math.max(2, availableParallelism())),
  };
  for (const [name, value] of Object.entries(host)) {
    const upper = name.toUpperCase();
    const isPassed = passedNames.has(upper) || passedPrefixes.some((prefix) => upper.startsWith(prefix));
    if (isPassed && value !== undefined) environment[name] = value;
  }
  return environment;
}

/**
 * Leaves an engine only these of the GPUs, whatever it is built on. They are counted as `nvidia-smi` does, which CUDA does
 * not by itself; Vulkan and ROCm count their own.
 */
export function gpuEnvironment(gpus: readonly number[] | undefined): Record<string, string> {
  if (gpus === undefined) return {};
  const list = gpus.join(",");
  return {
    CUDA_DEVICE_ORDER: "PCI_BUS_ID",
    CUDA_VISIBLE_DEVICES: list,
    GGML_VK_VISIBLE_DEVICES: list,
    HIP_VISIBLE_DEVICES: list,
  };
}
