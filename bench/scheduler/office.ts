import type { MemoryProfile } from "@muster/models";
import type { PlacementModel, PlacementVariant, PlacementWorker } from "@muster/orchestrator/testing";

const gb = 1e9;

/** A generator of numbers between 0 and 1 that gives the same row for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What stands in offices: share of desks, memory and bandwidth of the card, main memory. The last one has no card. */
const machines = [
  { share: 0.12, vramGb: 4, bandwidthGb: 128, ramGb: 16 },
  { share: 0.18, vramGb: 6, bandwidthGb: 192, ramGb: 16 },
  { share: 0.26, vramGb: 8, bandwidthGb: 256, ramGb: 32 },
  { share: 0.18, vramGb: 12, bandwidthGb: 360, ramGb: 32 },
  { share: 0.1, vramGb: 16, bandwidthGb: 448, ramGb: 64 },
  { share: 0.06, vramGb: 24, bandwidthGb: 936, ramGb: 64 },
  { share: 0.02, vramGb: 48, bandwidthGb: 768, ramGb: 128 },
  { share: 0.08, vramGb: 0, bandwidthGb: 0, ramGb: 16 },
];

export function drawOne<T extends { readonly share: number }>(items: readonly T[], random: () => number): T {
  let left = random();
  for (const item of items) {
    left -= item.share;
    if (left < 0) return item;
  }
  const [first] = items;
  if (first === undefined) throw new Error("There is nothing to draw from.");
  return first;
}

/** One desk; two of a kind differ a little, in speed and in what their desktop takes. */
export function officeWorker(id: string, random: () => number): PlacementWorker {
  const machine = drawOne(machines, random);
  const { vramGb, bandwidthGb, ramGb } = machine;
  const desktopGb = 0.4 + random();
  const speed = 0.85 + 0.3 * random();
  return {
    id,
    name: id,
    labels: { room: `${1 + Math.floor(random() * 5)}f`, ...(vramGb > 0 ? { gpu: "nvidia" } : {}) },
    isOpen: true,
    isServing: true,
    gpus:
      vramGb > 0
        ? [{ offeredBytes: Math.round((vramGb - desktopGb) * gb), bytesPerSecond: bandwidthGb * gb * speed }]
        : [],
    offeredRamBytes: Math.round(ramGb * 0.5 * gb),
    ramBytesPerSecond: 40e9 * speed,
    cores: 8,
    replicas: [],
    stored: new Set(),
    freeDiskBytes: 200 * gb,
    failed: new Map(),
    staying: 1,
  };
}

/** A model of so many thousand million parameters: as such files are, in round figures. */
export function officeModel(id: string, billions: number): PlacementModel {
  const variant = (name: string, bitsPerWeight: number): PlacementVariant => {
    const fileBytes = Math.round((billions * 1e9 * bitsPerWeight) / 8);
    return {
      id: name,
      uri: `hf:office/${id}/${name}.gguf`,
      sha256: undefined,
      fileBytes,
      profile: profileOf(billions, fileBytes),
    };
  };
  return {
    id,
    variants: [variant("q8_0", 8.5), variant("q5_k_m", 5.7), variant("q4_k_m", 4.85)],
    contextTokens: 8192,
    leastContextTokens: 2048,
    mostSlots: 8,
    pin: undefined,
    requires: {},
  };
}

function profileOf(billions: number, weightsBytes: number): MemoryProfile {
  const layers = Math.round(18 + 8 * Math.sqrt(billions));
  return {
    architecture: "office",
    weightsBytes,
    hostWeightsBytes: Math.round(weightsBytes * 0.06),
    layers,
    kvBytesPerToken: layers * 700,
    kvWindowBytesPerToken: layers * 3500,
    windowTokens: 1024,
    stateBytesPerSlot: 0,
    embeddingLength: Math.round(1000 * Math.sqrt(billions)),
    vocabularySize: 128_000,
    maxContextTokens: 32_768,
  };
}
