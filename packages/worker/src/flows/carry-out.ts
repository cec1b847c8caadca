import type { Background } from "@muster/base";
import type { OrchestratorSays } from "../core/link-messages.ts";
import type { Assignments } from "./assignments.ts";
import type { ModelDisk } from "./model-disk.ts";
import type { ReplicaSet } from "./replica-set.ts";

/** What the orchestrator says, done. */
export function carryOut(
  message: OrchestratorSays,
  deps: {
    readonly assignments: Assignments;
    readonly replicas: ReplicaSet;
    readonly disk: ModelDisk;
    readonly background: Background;
    readonly drain: (reason: string) => void;
    /** An administrator takes the machine out, or lets it lend again. */
    readonly lend: (order: Extract<OrchestratorSays, { kind: "lend" }>) => void;
    /** Has this worker's certificate renewed by and by. */
    readonly renew: () => void;
  },
): void {
  const { assignments, replicas, disk, background, drain, lend, renew } = deps;
  switch (message.kind) {
    case "assign":
      assignments.assign(message);
      return;
    case "cancel":
      assignments.cancel(message);
      return;
    case "end-ack":
      for (const name of message.attempts) assignments.acknowledged(name);
      return;
    case "load":
      replicas.load(message);
      return;
    case "unload":
      background.run("unload", () => replicas.unload(message.replicaId));
      return;
    case "drain":
      drain(message.reason);
      return;
    case "fetch":
      disk.fetch(message);
      return;
    case "forget":
      background.run("forget", () => disk.forget(message.modelUri));
      return;
    case "renew":
      renew();
      return;
    case "lend":
      lend(message);
      return;
    case "heartbeat-ack":
      return;
    default:
      message satisfies never;
  }
}
