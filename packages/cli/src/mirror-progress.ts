import { setTimeout as pause } from "node:timers/promises";
import { printableText } from "@muster/base";
import type { MirrorFetch, MirrorOrder, MirrorStatus, Muster } from "@muster/sdk";
import { terminalStyle } from "./batch/progress-display.ts";
import type { CommandIo } from "./command-io.ts";
import { formatBytes } from "./format.ts";

/** How far something is that many bytes are needed for; 100 % is undefined while nobody knows. */
export interface ByteProgress {
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
}

const plainStepMs = 5_000;
const clearLine = "\r\u001b[K";
const barCells = 24;

/** A bar on a terminal, else a line now and then, on standard error. */
export function createByteDisplay(
  io: Pick<CommandIo, "stderr" | "env">,
  nowMs: () => number = () => performance.now(),
): { show(label: string, progress: ByteProgress): void; end(): void } {
  const isTerminal = terminalStyle({ ...io, stdout: io.stderr } as CommandIo) !== undefined;
  let shownMs = Number.NEGATIVE_INFINITY;
  let isDrawn = false;
  return {
    show(label, progress) {
      if (isTerminal) {
        io.stderr.write(`${clearLine}${barOf(progress)} ${printableText(label)}`);
        isDrawn = true;
        return;
      }
      if (nowMs() - shownMs < plainStepMs) return;
      shownMs = nowMs();
      io.stderr.write(`${printableText(label)}: ${wordsOf(progress)}\n`);
    },
    end() {
      if (isDrawn) io.stderr.write(clearLine);
      isDrawn = false;
    },
  };
}

function barOf(progress: ByteProgress): string {
  const { doneBytes, totalBytes } = progress;
  const filled = totalBytes ? Math.min(barCells, Math.floor((doneBytes / totalBytes) * barCells)) : 0;
  return `[${"#".repeat(filled)}${".".repeat(barCells - filled)}] ${wordsOf(progress)}`;
}

function wordsOf({ doneBytes, totalBytes }: ByteProgress): string {
  if (!totalBytes) return formatBytes(doneBytes);
  const percent = Math.floor((Math.min(doneBytes, totalBytes) / totalBytes) * 100);
  return `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}, ${percent} %`;
}

/** One place that a model goes to. */
export interface PullPlace {
  readonly name: string;
  readonly state: "there" | "coming" | "failed";
  readonly progress: ByteProgress;
  readonly error: string | undefined;
  /** Something of it is there or on its way. */
  readonly isHeardOf: boolean;
}

const silent = { state: "failed", error: "nothing is heard of it: see its log" } as const;

/** How far a pull is: in the mirror, and on each worker that was told. */
function placesOf(order: MirrorOrder, status: MirrorStatus): readonly PullPlace[] {
  const mirror = placeOf("mirror", order.files, { files: status.files, fetching: status.fetching });
  const workers = order.workers.map((name) => {
    const disk = status.workers.find((each) => each.name === name);
    if (disk === undefined) {
      const nothing = { doneBytes: 0, totalBytes: undefined };
      return { name, state: "failed", progress: nothing, error: "it has left", isHeardOf: false } as const;
    }
    // A worker fetches a model as one, under the URI that it was told.
    const fetching = (disk.fetching ?? []).filter(({ uri }) => uri === order.uri);
    return placeOf(name, order.files, { files: disk.files ?? [], fetching });
  });
  return [mirror, ...workers];
}

function placeOf(
  name: string,
  wanted: readonly string[],
  has: {
    readonly files: readonly { readonly uri: string; readonly bytes: number }[];
    readonly fetching: readonly MirrorFetch[];
  },
): PullPlace {
  const there = has.files.filter(({ uri }) => wanted.includes(uri));
  const coming = has.fetching.filter(({ uri }) => wanted.includes(uri) || name !== "mirror");
  const error = coming.find((each) => each.error !== null)?.error ?? undefined;
  const isThere = there.length === wanted.length;
  const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);
  const thereBytes = sumOf(there.map(({ bytes }) => bytes));
  const isKnown = there.length + coming.length >= wanted.length;
  const totals = coming.map(({ total_bytes }) => total_bytes);
  const progress = {
    doneBytes: thereBytes + sumOf(coming.map(({ done_bytes }) => done_bytes)),
    totalBytes:
      isKnown && !totals.includes(null) ? thereBytes + sumOf(totals.map((total) => total ?? 0)) : undefined,
  };
  const isHeardOf = there.length + coming.length > 0;
  if (isThere) return { name, state: "there", progress, error: undefined, isHeardOf };
  return { name, state: error === undefined ? "coming" : "failed", progress, error, isHeardOf };
}

/** Waits until a pull has ended everywhere, and shows how far it is. */
export async function followPull(
  client: Muster,
  order: MirrorOrder,
  options: {
    readonly io: Pick<CommandIo, "stderr" | "env">;
    readonly signal: AbortSignal;
    readonly everyMs?: number;
    /** A place of which nothing is heard for so long has given up. */
    readonly silentMs?: number;
  },
): Promise<readonly PullPlace[]> {
  const { io, signal, everyMs = 500, silentMs = 60_000 } = options;
  const display = createByteDisplay(io);
  const heardMs = new Map<string, number>();
  try {
    for (;;) {
      const status = await client.mirror.retrieve({ signal });
      const places = placesOf(order, status).map((place) => {
        const said = heardMs.get(place.name) ?? performance.now();
        heardMs.set(place.name, place.isHeardOf ? performance.now() : said);
        return place.state === "coming" && performance.now() - said > silentMs
          ? { ...place, ...silent }
          : place;
      });
      const coming = places.filter(({ state }) => state === "coming");
      const [first] = coming;
      if (first === undefined) return places;
      const label =
        coming.length === 1 ? `to ${first.name}` : `to ${first.name} and ${coming.length - 1} more`;
      display.show(label, first.progress);
      await pause(everyMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    display.end();
  }
}
