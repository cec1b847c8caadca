import { AbortedError, ConnectionError, type LiveEvent, type Muster } from "@muster/sdk";
import type { CommandIo } from "../command-io.ts";
import type { TableStyle } from "../table.ts";
import type { HeaderFacts } from "./header.ts";
import { firstPicture, keysIn, type Picture, withKey } from "./picture.ts";
import { renderTop, type ScreenSize } from "./render-top.ts";
import { openScreen } from "./screen.ts";
import { typedRaw } from "./terminal.ts";
import {
  nothingHeard,
  shownSeconds,
  type TopState,
  withEvent,
  withHistory,
  withOutage,
} from "./top-state.ts";

export interface TopOptions {
  readonly client: Muster;
  readonly signal: AbortSignal;
  readonly style: TableStyle;
  readonly facts: Omit<HeaderFacts, "isPaused">;
  readonly size: () => ScreenSize;
}

/** What comes in one piece is shown as one picture. */
const gatherMs = 20;
const historyPoints = 60;
/** For all kinds of events to have come once. */
const firstPictureMs = 5_000;
const kinds: ReadonlySet<LiveEvent["kind"]> = new Set(["hello", "now", "workers", "batches", "findings"]);

/** Shows the cluster until somebody leaves: `q` resolves, Ctrl-C rejects with an AbortedError. */
export async function watchTop(io: CommandIo, options: TopOptions): Promise<void> {
  const { client, signal, style, facts, size } = options;
  let state: TopState = nothingHeard;
  /** What is shown while the picture is paused. */
  let kept: TopState | undefined;
  let picture: Picture = firstPicture;
  let mostSkipped = 0;
  let timer: NodeJS.Timeout | undefined;
  const leaving = new AbortController();
  const isInterrupted = () => signal.aborted || leaving.signal.reason === "interrupt";

  const screen = openScreen(io.stdout);
  const draw = () => {
    timer = undefined;
    const frame = renderTop({ state: kept ?? state, picture, size: size(), style, facts });
    ({ mostSkipped } = frame);
    screen.draw(frame.lines);
  };
  const drawSoon = () => {
    timer ??= setTimeout(draw, gatherMs);
  };
  const become = (next: TopState) => {
    state = next;
    drawSoon();
  };
  const onResize = () => {
    screen.resized();
    draw();
  };
  const onText = (text: string) => {
    for (const key of keysIn(text)) {
      if (key === "q" || key === "interrupt") leaving.abort(key);
      picture = withKey(picture, key, mostSkipped);
      kept = picture.isPaused ? (kept ?? state) : undefined;
    }
    draw();
  };
  const stopTyping = typedRaw(io, onText);
  io.stdout.on("resize", onResize);
  const restore = () => {
    clearTimeout(timer);
    io.stdout.off("resize", onResize);
    stopTyping();
    screen.close();
  };
  const unhook = io.onExit?.(restore);
  try {
    draw();
    const ending = AbortSignal.any([signal, leaving.signal]);
    void pastOf(client, ending).then((past) => {
      if (past !== undefined) become(withHistory(state, past));
    });
    for await (const event of client.live.watch({
      signal: ending,
      outageMs: Number.POSITIVE_INFINITY,
      onOutage: (error) => {
        if (state.hello === undefined) throw error;
        become(withOutage(state, error.message));
      },
    }))
      become(withEvent(state, event));
  } finally {
    restore();
    unhook?.();
  }
  if (isInterrupted()) throw new AbortedError("Interrupted.");
}

/** One picture, once everything has been heard of; what does not come in time is left out. */
export async function topOnce(
  options: Omit<TopOptions, "size"> & { readonly size: ScreenSize },
): Promise<string> {
  let state = nothingHeard;
  for await (const event of firstEvents(options)) state = withEvent(state, event);
  const past = await pastOf(options.client, options.signal);
  if (past !== undefined) state = withHistory(state, past);
  const { style, facts, size } = options;
  return `${renderTop({ state, picture: firstPicture, size, style, facts }).lines.join("\n")}\n`;
}

/** The events that tell of everything once. */
export async function* firstEvents({
  client,
  signal,
}: Pick<TopOptions, "client" | "signal">): AsyncGenerator<LiveEvent, void> {
  const missing = new Set(kinds);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), firstPictureMs);
  const onOutage = (error: Error) => {
    throw error;
  };
  try {
    for await (const event of client.live.watch({
      signal: AbortSignal.any([signal, late.signal]),
      onOutage,
    })) {
      yield event;
      missing.delete(event.kind);
      if (missing.size === 0) return;
    }
  } finally {
    clearTimeout(timer);
  }
  if (signal.aborted) throw new AbortedError("Interrupted.");
  if (missing.has("now"))
    throw new ConnectionError(
      "The orchestrator does not say how the cluster is. Is it busy, or of an older version?",
    );
}

/** For the sparkline; without it, it begins now. */
function pastOf(client: Muster, signal: AbortSignal) {
  const since = Date.now() / 1_000 - shownSeconds;
  return client.live
    .history({ since, points: historyPoints }, { signal, maxRetries: 0 })
    .catch(() => undefined);
}
