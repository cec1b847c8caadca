import { backoffMs, type Clock, type Log, type MachineLoad, MusterError } from "@muster/base";
import type { OrchestratorSays, WorkerHello, WorkerSays } from "../core/link-messages.ts";
import type { LinkEnd, LinkSession, OrchestratorLink } from "../ports/orchestrator-link.ts";
import type { Assignments } from "./assignments.ts";

export interface LinkKeeperDeps {
  readonly link: OrchestratorLink;
  readonly hello: () => WorkerHello;
  readonly assignments: Assignments;
  readonly receive: (message: OrchestratorSays) => void;
  readonly readLoad: () => MachineLoad;
  /** What a new orchestrator must hear first. */
  readonly greeting: () => readonly WorkerSays[];
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly onConnected: () => void;
}

const redialBackoff = { baseMs: 250, maxMs: 10_000 };
const missedBeats = 3;

/** Keeps the worker connected: dials, says hello, beats, and dials again with full jitter when the link is gone. */
export class LinkKeeper {
  readonly #deps: LinkKeeperDeps;
  #session: LinkSession | undefined;
  #hasMirror: boolean | undefined;
  readonly #closing = new AbortController();
  #wake: () => void = () => {};
  #stopBeating: () => void = () => {};

  constructor(deps: LinkKeeperDeps) {
    this.#deps = deps;
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Whether the orchestrator has model files to give; undefined until it has said so. */
  get hasMirror(): boolean | undefined {
    return this.#hasMirror;
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  /** Says something if there is somebody to hear it; the greeting of the next link makes up for what was missed. */
  say(message: WorkerSays): void {
    this.#session?.send(message);
  }

  /** Runs until `close`; throws MusterError when the orchestrator refuses this worker for good. */
  async run(): Promise<void> {
    const { clock, log, random } = this.#deps;
    for (let failures = 0; !this.#isClosing; failures++) {
      const { end, wasAccepted } = await this.#connectOnce();
      if (this.#isClosing) return;
      if (end.kind === "refused" && !end.isRetryable) throw new MusterError(end.code, end.message);
      if (wasAccepted) failures = 0;
      const delayMs = backoffMs(redialBackoff, failures, random);
      const reason = end.kind === "lost" ? end.reason : end.message;
      log.warn({ reason, delayMs: Math.round(delayMs) }, "no link to the orchestrator, dialling again");
      await new Promise<void>((resolve) => {
        const stopTimer = clock.after(delayMs, resolve);
        this.#wake = () => {
          stopTimer();
          resolve();
        };
      });
    }
  }

  /** Says goodbye and ends the stream. */
  async close(reason: string): Promise<void> {
    this.#closing.abort();
    this.#wake();
    const session = this.#session;
    if (session === undefined) return;
    session.send({ kind: "goodbye", reason });
    this.#stopBeating();
    session.close();
    await session.ended;
  }

  async #connectOnce(): Promise<{ readonly end: LinkEnd; readonly wasAccepted: boolean }> {
    const { link, hello, receive, assignments, greeting, onConnected, clock, log } = this.#deps;
    let lastHeardMs = clock.nowMs();
    const hear = (message: OrchestratorSays) => {
      lastHeardMs = clock.nowMs();
      receive(message);
    };
    const dialled = await link.dial(hello(), hear, this.#closing.signal);
    if (dialled.kind !== "accepted") return { end: dialled, wasAccepted: false };
    const { session } = dialled;
    if (this.#isClosing) {
      session.close();
      return { end: await session.ended, wasAccepted: true };
    }
    const { orchestratorId, version, protocol } = session.welcome;
    log.info({ orchestratorId, version, protocol }, "connected to the orchestrator");
    this.#session = session;
    this.#hasMirror = session.welcome.hasMirror;
    lastHeardMs = clock.nowMs();
    for (const message of greeting()) session.send(message);
    assignments.attach(session);
    this.#stopBeating = this.#beat(session, () => lastHeardMs);
    onConnected();
    const end = await session.ended;
    this.#stopBeating();
    this.#session = undefined;
    assignments.detach();
    return { end, wasAccepted: true };
  }

  /** Beats at the welcome's interval; closes a link on which nothing has been heard for three of them. */
  #beat(session: LinkSession, lastHeardMs: () => number): () => void {
    const { clock, readLoad, assignments, log } = this.#deps;
    const { heartbeatIntervalMs } = session.welcome;
    let sequence = 0;
    let lastBeatMs = clock.nowMs();
    let stopTimer: () => void = () => {};
    const beat = () => {
      const nowMs = clock.nowMs();
      const wasBusy = nowMs - lastBeatMs > 2 * heartbeatIntervalMs;
      lastBeatMs = nowMs;
      if (!wasBusy && nowMs - lastHeardMs() > missedBeats * heartbeatIntervalMs) {
        log.warn({ silentMs: Math.round(nowMs - lastHeardMs()) }, "orchestrator is silent, closing the link");
        session.abandon();
        return;
      }
      session.send({ kind: "heartbeat", sequence, attempts: assignments.running(), load: readLoad() });
      sequence += 1;
      stopTimer = clock.after(heartbeatIntervalMs, beat);
    };
    beat();
    return () => stopTimer();
  }
}
