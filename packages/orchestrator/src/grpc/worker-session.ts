import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { Clock, Log } from "@muster/base";
import {
  deltaFromWire,
  loadFromWire,
  type OrchestratorMessage,
  type WireLogLinesRead,
  type WorkerBody,
  type WorkerMessageRead,
  workerBody,
} from "@muster/proto";
import type { AttemptTable } from "../flows/attempt-table.ts";
import type { FleetRegistry } from "../flows/fleet-registry.ts";
import type { OrderedFile } from "../flows/known-files.ts";
import type { LogShelf } from "../flows/log-shelf.ts";
import type { WorkerCommand, WorkerLink } from "../ports/worker-link.ts";
import {
  availabilityFromWire,
  commandToWire,
  endFromWire,
  inventoryFromWire,
  replicaFromWire,
} from "./convert.ts";
import { logLinesFromWire } from "./read-log-lines.ts";

export type FleetStream = ServerDuplexStream<WorkerMessageRead, OrchestratorMessage>;

export interface SessionDeps {
  readonly fleet: FleetRegistry;
  readonly attempts: AttemptTable;
  readonly clock: Clock;
  readonly log: Log;
  readonly heartbeatIntervalMs: number;
  /** Told of each model file that a worker is ordered to get. */
  readonly onModelOrdered?: ((file: OrderedFile) => void) | undefined;
  /** Keeps what workers send of their logs; undefined: nobody does. */
  readonly logs?: Pick<LogShelf, "addOfWorker"> | undefined;
}

/** Messages that may wait for a worker that does not read. */
const maxUnsentMessages = 2_000;
/** Beats that may be missed before a worker counts as lost. */
const missedBeats = 3;

/** The orchestrator's end of one accepted worker stream. */
export class WorkerSession implements WorkerLink {
  readonly #workerId: string;
  readonly #stream: FleetStream;
  readonly #deps: SessionDeps;
  #lastHeardMs: number;
  readonly #acknowledged: { readonly attemptId: string; readonly epoch: number }[] = [];
  #isClosed = false;
  #stopWatching: () => void = () => {};

  constructor(workerId: string, stream: FleetStream, deps: SessionDeps) {
    this.#workerId = workerId;
    this.#stream = stream;
    this.#deps = deps;
    this.#lastHeardMs = deps.clock.nowMs();
    this.#watch(deps.clock.nowMs());
  }

  send(command: WorkerCommand): boolean {
    this.#noteFiles(command);
    if (command.kind !== "ack-end" || !command.isWhole) return this.write(commandToWire(command));
    if (this.#isClosed) return false;
    this.#acknowledged.push({ attemptId: command.attemptId, epoch: command.epoch });
    if (this.#acknowledged.length === 1) setImmediate(() => this.#acknowledge());
    return true;
  }

  #noteFiles(command: WorkerCommand): void {
    if (command.kind !== "load" && command.kind !== "fetch") return;
    const { onModelOrdered } = this.#deps;
    onModelOrdered?.({ uri: command.modelUri, sha256: command.sha256, bytes: command.bytes });
    if (command.kind === "load" && command.projectorUri !== undefined)
      onModelOrdered?.({ uri: command.projectorUri });
  }

  /** Whole answers are kept in groups: one message for all of a group that are this worker's. */
  #acknowledge(): void {
    const [first, ...others] = this.#acknowledged.splice(0);
    if (first !== undefined) this.write({ endAck: { ...first, others } });
  }

  write(message: OrchestratorMessage): boolean {
    if (this.#isClosed || this.#stream.destroyed) return false;
    if (this.#stream.writableLength >= maxUnsentMessages) {
      this.#deps.fleet.leave(this.#workerId, this, "it does not read its messages");
      return false;
    }
    this.#stream.write(message);
    return true;
  }

  supersede(): void {
    this.turnAway(
      "Another worker with the same id has joined. Give each worker its own --name or --data-dir.",
    );
  }

  /** For good. */
  turnAway(message: string): void {
    this.write({ refused: { code: "forbidden", message, retryable: false } });
    this.close();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopWatching();
    this.#stream.end();
  }

  /** A message has come. Those of a session that was replaced are dropped. */
  receive(message: WorkerMessageRead): void {
    const { fleet } = this.#deps;
    if (!fleet.isCurrent(this.#workerId, this)) return;
    this.#lastHeardMs = this.#deps.clock.nowMs();
    const body = workerBody(message);
    if (body !== undefined) this.#handle(body);
  }

  #handle(body: WorkerBody): void {
    const { fleet, attempts } = this.#deps;
    const workerId = this.#workerId;
    switch (body.kind) {
      case "hello":
        return;
      case "heartbeat": {
        const { sequence, attemptIds } = body.value;
        fleet.beat(workerId, loadFromWire(body.value));
        attempts.reconcile(workerId, new Set(attemptIds));
        this.write({ heartbeatAck: { sequence } });
        return;
      }
      case "availability":
        fleet.setAvailability(workerId, availabilityFromWire(body.value));
        return;
      case "inventory":
        fleet.setInventory(workerId, inventoryFromWire(body.value));
        return;
      case "replica": {
        const replica = replicaFromWire(body.value);
        if (replica !== undefined) fleet.reportReplica(workerId, replica);
        return;
      }
      case "output": {
        const { attemptId, epoch, sequence } = body.value;
        const delta = deltaFromWire(body.value);
        if (delta !== undefined) attempts.output(workerId, { attemptId, epoch, sequence, delta });
        return;
      }
      case "end":
        attempts.ended(workerId, endFromWire(body.value));
        return;
      case "logs":
        this.#takeLogs(body.value);
        return;
      case "draining":
        fleet.markDraining(workerId);
        return;
      case "goodbye":
        fleet.leaveForGood(workerId, this, "it said goodbye");
        return;
      default:
        body satisfies never;
    }
  }

  /** Under the name that the worker has, whatever its lines say. */
  #takeLogs(logs: WireLogLinesRead): void {
    const { fleet, clock, logs: shelf } = this.#deps;
    const name = fleet.worker(this.#workerId)?.name;
    if (shelf === undefined || name === undefined) return;
    const { lines, dropped } = logLinesFromWire(logs, clock.wallMs());
    shelf.addOfWorker({ id: this.#workerId, name }, lines, dropped);
  }

  /** Declares the worker lost after silence; a check that itself comes late (this process was busy) does not count. */
  #watch(lastCheckMs: number): void {
    const { clock, fleet, heartbeatIntervalMs } = this.#deps;
    this.#stopWatching = clock.after(heartbeatIntervalMs, () => {
      const nowMs = clock.nowMs();
      const wasBusy = nowMs - lastCheckMs > 2 * heartbeatIntervalMs;
      const silentMs = nowMs - this.#lastHeardMs;
      if (wasBusy) this.#lastHeardMs = Math.max(this.#lastHeardMs, nowMs - heartbeatIntervalMs);
      else if (silentMs > missedBeats * heartbeatIntervalMs) {
        fleet.leave(this.#workerId, this, `it was silent for ${Math.round(silentMs / 100) / 10} s`);
        return;
      }
      this.#watch(nowMs);
    });
  }
}
