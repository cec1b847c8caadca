import type { Gpu } from "@muster/base";

/**
 * Memory bandwidth of common cards in GB/s, as their vendors publish it (specification pages and data sheets of NVIDIA,
 * AMD, Intel and Apple); where variants of one name differ, the lowest. Keys are names as `plainName` writes them.
 */
const gigabytesPerSecond: Readonly<Record<string, number>> = {
  // GeForce
  ...{ "rtx 5090": 1792, "rtx 5080": 960, "rtx 5070 ti": 896, "rtx 5070": 672 },
  ...{ "rtx 5060 ti": 448, "rtx 5060": 448, "rtx 5050": 320 },
  ...{ "rtx 5090 laptop": 896, "rtx 5080 laptop": 896, "rtx 5070 ti laptop": 672, "rtx 5070 laptop": 384 },
  ...{ "rtx 4090": 1008, "rtx 4090 d": 1008, "rtx 4080 super": 736, "rtx 4080": 717 },
  ...{ "rtx 4070 ti super": 672, "rtx 4070 ti": 504, "rtx 4070 super": 504, "rtx 4070": 504 },
  ...{ "rtx 4060 ti": 288, "rtx 4060": 272 },
  ...{ "rtx 4090 laptop": 576, "rtx 4080 laptop": 432, "rtx 4070 laptop": 256, "rtx 4060 laptop": 256 },
  ...{ "rtx 4050 laptop": 192, "rtx 3090 ti": 1008, "rtx 3090": 936, "rtx 3080 ti": 912, "rtx 3080": 760 },
  ...{ "rtx 3070 ti": 608, "rtx 3070": 448, "rtx 3060 ti": 448, "rtx 3060": 360, "rtx 3050": 168 },
  ...{ "rtx 3080 ti laptop": 512, "rtx 3080 laptop": 448, "rtx 3070 laptop": 448, "rtx 3060 laptop": 336 },
  ...{ "rtx 2080 ti": 616, "rtx 2080 super": 496, "rtx 2080": 448, "rtx 2070 super": 448, "rtx 2070": 448 },
  ...{ "rtx 2060 super": 448, "rtx 2060": 336, "gtx 1660 ti": 288, "gtx 1660 super": 336, "gtx 1660": 192 },
  ...{ "gtx 1080 ti": 484, "gtx 1080": 320, "gtx 1070 ti": 256, "gtx 1070": 256 },
  // NVIDIA's workstations and data centres
  ...{ "rtx pro 6000 blackwell workstation edition": 1792, "rtx 6000 ada generation": 960 },
  ...{ "rtx 5000 ada generation": 576, "rtx 4500 ada generation": 432, "rtx 4000 ada generation": 360 },
  ...{ "rtx 4000 sff ada generation": 280, "rtx 2000 ada generation": 224 },
  ...{ "rtx a6000": 768, "rtx a5500": 768, "rtx a5000": 768, "rtx a4500": 640, "rtx a4000": 448 },
  ...{ "rtx a2000": 288, "rtx a2000 12gb": 288, "quadro rtx 8000": 672, "quadro rtx 6000": 672 },
  ...{ "quadro rtx 5000": 448, "quadro rtx 4000": 416 },
  ...{ h200: 4800, "h100 80gb hbm3": 3350, "h100 pcie": 2000, "h100 nvl": 3900 },
  ...{ "a100-sxm4-80gb": 2039, "a100 80gb pcie": 1935, "a100-sxm4-40gb": 1555, "a100-pcie-40gb": 1555 },
  ...{ l40s: 864, l40: 864, l4: 300, a40: 696, a30: 933, a10: 600, a10g: 600, a2: 200 },
  ...{
    "tesla t4": 300,
    "tesla v100-sxm2-16gb": 900,
    "tesla v100-sxm2-32gb": 900,
    "tesla v100-pcie-16gb": 900,
  },
  ...{ "tesla v100-pcie-32gb": 900, "tesla p40": 346, "tesla p100-pcie-16gb": 732 },
  // Radeon
  ...{ "rx 9070 xt": 640, "rx 9070": 640, "rx 9060 xt": 320 },
  ...{ "rx 7900 xtx": 960, "rx 7900 xt": 800, "rx 7900 gre": 576, "rx 7800 xt": 624, "rx 7700 xt": 432 },
  ...{ "rx 7600 xt": 288, "rx 7600": 288, "rx 6950 xt": 576, "rx 6900 xt": 512, "rx 6800 xt": 512 },
  ...{ "rx 6800": 512, "rx 6750 xt": 432, "rx 6700 xt": 384, "rx 6600 xt": 256, "rx 6600": 224 },
  ...{ "pro w7900": 864, "pro w7800": 576 },
  // Arc
  ...{ "arc b580": 456, "arc b570": 380, "arc a770": 512, "arc a750": 512, "arc a580": 512, "arc a380": 186 },
  // Apple
  ...{ "apple m1": 68, "apple m1 pro": 200, "apple m1 max": 400, "apple m1 ultra": 800 },
  ...{ "apple m2": 100, "apple m2 pro": 200, "apple m2 max": 400, "apple m2 ultra": 800 },
  ...{ "apple m3": 100, "apple m3 pro": 150, "apple m3 max": 300, "apple m3 ultra": 819 },
  ...{ "apple m4": 120, "apple m4 pro": 273, "apple m4 max": 410 },
};

/** The same GPU with what is published of its memory; a card that is not known stays as it is. */
export function withBandwidth(gpu: Gpu): Gpu {
  if (gpu.bytesPerSecond !== undefined) return gpu;
  const known = publishedBytesPerSecond(gpu.name);
  return known === undefined ? gpu : { ...gpu, bytesPerSecond: known };
}

export function publishedBytesPerSecond(name: string): number | undefined {
  const plain = plainName(name);
  const known = Object.hasOwn(gigabytesPerSecond, plain) ? gigabytesPerSecond[plain] : undefined;
  return known === undefined ? undefined : known * 1e9;
}

/** `NVIDIA GeForce RTX 4060 Laptop GPU`, `AMD Radeon RX 7600 (RADV NAVI33)`, `Intel(R) Arc(TM) A770 Graphics (DG2)`. */
function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/\((?:r|tm)\)/g, " ")
    .replace(/\([^)]*\)/g, " ")
    .replace(/\b(?:nvidia|geforce|amd|radeon|intel|graphics|gpu)\b/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}
