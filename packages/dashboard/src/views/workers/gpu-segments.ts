import type { LiveGpu, LiveReplica } from "@muster/sdk";

/** A piece of a GPU's memory. */
export interface MemoryPiece {
  /** A replica's id, or what it is otherwise. */
  readonly id: string;
  readonly kind: "replica" | "ours" | "others";
  readonly model: string | null;
  readonly bytes: number;
}

/**
 * Who has the memory of each GPU. Workers tell what a replica has in all and what Muster has of each GPU: a replica is
 * put on the GPU where it fits best, and what fits on none is spread over those with room, as engines do.
 */
export function piecesOf(gpus: readonly LiveGpu[], replicas: readonly LiveReplica[]): MemoryPiece[][] {
  const pieces: MemoryPiece[][] = gpus.map(() => []);
  const left = gpus.map((gpu) => gpu.ours_bytes ?? Math.max(0, gpu.vram_bytes - (gpu.others_bytes ?? 0)));
  const put = (gpu: number, { id, model }: LiveReplica, bytes: number) => {
    if (bytes <= 0) return;
    pieces[gpu]?.push({ id, kind: "replica", model, bytes });
    left[gpu] = (left[gpu] ?? 0) - bytes;
  };

  const bySize = replicas.filter(({ vram_bytes: bytes }) => bytes > 0);
  bySize.sort((one, other) => other.vram_bytes - one.vram_bytes);
  for (const replica of bySize) {
    const home = tightest(left, replica.vram_bytes);
    if (home !== undefined) {
      put(home, replica, replica.vram_bytes);
      continue;
    }
    const room = left.map((bytes) => Math.max(0, bytes));
    const all = room.reduce((sum, bytes) => sum + bytes, 0);
    const share = all === 0 ? 0 : Math.min(1, replica.vram_bytes / all);
    for (const [gpu, bytes] of room.entries()) put(gpu, replica, bytes * share);
  }

  for (const [index, gpu] of gpus.entries()) {
    const rest = gpu.ours_bytes === null ? 0 : (left[index] ?? 0);
    // Rounding leaves crumbs that nobody wants to see.
    if (rest > gpu.vram_bytes * 0.01) {
      pieces[index]?.push({ id: "ours", kind: "ours", model: null, bytes: rest });
    }
    if ((gpu.others_bytes ?? 0) > 0) {
      pieces[index]?.push({ id: "others", kind: "others", model: null, bytes: gpu.others_bytes ?? 0 });
    }
  }
  return pieces;
}

/** What is rounded may lack a little of what it must hold. */
const tolerance = 1.03;

function tightest(left: readonly number[], bytes: number): number | undefined {
  let best: number | undefined;
  for (const [index, room] of left.entries()) {
    if (room * tolerance < bytes) continue;
    if (best === undefined || room < (left[best] ?? 0)) best = index;
  }
  return best;
}

export function freeBytes(gpu: LiveGpu): number | null {
  if (gpu.ours_bytes === null && gpu.others_bytes === null) return null;
  return Math.max(0, gpu.vram_bytes - (gpu.ours_bytes ?? 0) - (gpu.others_bytes ?? 0));
}
