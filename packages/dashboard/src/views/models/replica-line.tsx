import type { LiveReplica, LiveWorker } from "@muster/sdk";
import type { ReactNode } from "react";
import { call } from "../../data/api.ts";
import { hashOf } from "../../data/route.ts";
import { percent, rate } from "../../format/numbers.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { toast } from "../../parts/toast.ts";
import type { Place } from "./outside.ts";

export interface ReplicaLineProps extends Place {
  /** Undefined where who looks may not. */
  readonly onUnload?: (place: Place) => void;
}

/** A model on a machine: how it is there, and the way to be rid of it. */
export function ReplicaLine({ worker, replica, onUnload }: ReplicaLineProps) {
  return (
    <li className="line">
      <span className="grow">
        <a className="strong" href={hashOf("workers", [worker.id])}>
          {worker.name}
        </a>{" "}
        <span className="small soft">{replicaWords(replica)}</span>
        {replica.problem !== null && <span className="line-why line-problem">{replica.problem}</span>}
      </span>
      {onUnload !== undefined && (
        <Button
          isSmall
          kind="quiet"
          disabled={worker.state === "lost" || replica.state === "unloading"}
          onClick={() => onUnload({ worker, replica })}
        >
          Unload…
        </Button>
      )}
    </li>
  );
}

export interface UnloadQuestionProps {
  /** What people call it. */
  readonly model: string;
  readonly worker: LiveWorker;
  readonly replica: LiveReplica;
  readonly onClose: () => void;
  readonly onChanged: () => void;
  /** What will happen. */
  readonly children: ReactNode;
}

export function UnloadQuestion(props: UnloadQuestionProps) {
  const { model, worker, replica, onClose, onChanged, children } = props;
  return (
    <Confirm
      title={`Unload ${model} from ${worker.name}?`}
      action="Unload"
      onClose={onClose}
      onConfirm={async () => {
        await call(
          `/cluster/v1/workers/${encodeURIComponent(worker.id)}/replicas/${encodeURIComponent(replica.id)}`,
          { method: "DELETE" },
        );
        toast(`${model} is being unloaded from ${worker.name}.`);
        onChanged();
      }}
    >
      {children}
    </Confirm>
  );
}

function replicaWords({
  state,
  slots,
  slots_used: used,
  progress,
  decode_tokens_per_second: speed,
}: LiveReplica) {
  if (state !== "ready") return progress === null ? state : `${state} ${percent(progress)}`;
  return `${used} of ${slots} slots used${speed === null ? "" : `, ${rate(speed)} for one answer`}`;
}
