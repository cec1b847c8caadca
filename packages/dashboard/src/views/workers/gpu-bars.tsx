import type { LiveGpu, LiveReplica } from "@muster/sdk";
import { useMemo } from "react";
import { hueOf } from "../../data/hues.ts";
import { bytes, percent } from "../../format/numbers.ts";
import { Meter } from "../../parts/meter.tsx";
import { freeBytes, type MemoryPiece, piecesOf } from "./gpu-segments.ts";
import { shortGpuName } from "./words.ts";

export interface GpuBarsProps {
  readonly gpus: readonly LiveGpu[];
  readonly replicas: readonly LiveReplica[];
}

/** Each GPU's memory: what every replica has of it, what other programs have, and what is free. */
export function GpuBars({ gpus, replicas }: GpuBarsProps) {
  const pieces = useMemo(() => piecesOf(gpus, replicas), [gpus, replicas]);
  return (
    <ul className="gpus">
      {gpus.map((gpu, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a machine's GPUs keep their places, and may have the same name.
        <li key={index} className="gpu">
          <GpuBar gpu={gpu} pieces={pieces[index] ?? []} />
        </li>
      ))}
    </ul>
  );
}

function GpuBar({ gpu, pieces }: { readonly gpu: LiveGpu; readonly pieces: readonly MemoryPiece[] }) {
  const free = freeBytes(gpu);
  const memory = free === null ? bytes(gpu.vram_bytes) : `${bytes(free)} of ${bytes(gpu.vram_bytes)} free`;
  return (
    <>
      <span className="gpu-head">
        <span className="one-line gpu-name" data-tip={gpu.name}>
          {shortGpuName(gpu.name)}
        </span>
        <span className="gpu-memory">{memory}</span>
      </span>
      <Meter
        isTall
        total={gpu.vram_bytes}
        label={`${gpu.name}: ${memory}. ${pieces.map(pieceWords).join(", ")}`}
        segments={pieces.map((piece) => ({
          id: piece.id,
          value: piece.bytes,
          label: pieceWords(piece),
          ...(piece.kind === "others" ? { isOthers: true } : {}),
          ...(piece.kind === "ours" ? { color: "var(--ink-faint)" } : {}),
          ...(piece.model === null ? {} : { color: `var(${hueOf(piece.model)})` }),
        }))}
      />
    </>
  );
}

function pieceWords({ kind, model, bytes: size }: MemoryPiece): string {
  const who = { replica: model ?? "", ours: "Muster, beside its models", others: "Other programs" }[kind];
  return `${who}: ${bytes(size)}`;
}

/** How busy and how warm, in a few characters. */
export function gpuLoadWords({ utilization, temperature_celsius: celsius }: LiveGpu): string {
  const parts = [
    utilization === null ? undefined : percent(utilization),
    celsius === null ? undefined : `${Math.round(celsius)} °C`,
  ];
  return parts.filter((part) => part !== undefined).join(" · ");
}
