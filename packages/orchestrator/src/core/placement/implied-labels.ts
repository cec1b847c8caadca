import type { Hardware } from "@muster/base";

const vendors = [
  { vendor: "nvidia", words: ["nvidia", "geforce", "rtx", "gtx", "tesla", "quadro"] },
  { vendor: "amd", words: ["amd", "radeon"] },
  { vendor: "intel", words: ["intel", "arc"] },
  { vendor: "apple", words: ["apple"] },
];

/** What can be asked for without anybody having labelled the machine. */
export function impliedLabels(name: string, hardware: Hardware): Record<string, string> {
  const gpu = hardware.gpus[0]?.name.toLowerCase() ?? "";
  const vendor = vendors.find(({ words }) => words.some((word) => gpu.includes(word)))?.vendor ?? "other";
  return {
    name,
    os: hardware.platform,
    arch: hardware.arch,
    backend: hardware.backend,
    gpu: hardware.gpus.length === 0 ? "none" : vendor,
  };
}
