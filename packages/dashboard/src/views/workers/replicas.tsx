import type { LiveReplica, LiveWorker, Replica, Worker } from "@muster/sdk";
import { useState } from "react";
import { call } from "../../data/api.ts";
import { hueOf } from "../../data/hues.ts";
import { hashOf } from "../../data/route.ts";
import { useMay } from "../../data/use-session.ts";
import { bytes, count, tokens } from "../../format/numbers.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { errorText } from "../../parts/error-note.tsx";
import { toast } from "../../parts/toast.ts";
import { ReplicaState } from "./replica-chips.tsx";

export interface ReplicasProps {
  readonly worker: LiveWorker;
  readonly detail: Worker | undefined;
  readonly onChanged: () => void;
}

/** The models loaded on a worker, and what can be done with each. */
export function Replicas({ worker, detail, onChanged }: ReplicasProps) {
  return (
    <section>
      <h3>Models</h3>
      {worker.replicas.length === 0 ? (
        <p className="small soft">
          None is loaded. One is as soon as somebody asks for it; see <a href={hashOf("models")}>Models</a>.
        </p>
      ) : (
        <ul className="replica-cards">
          {worker.replicas.map((replica) => (
            <ReplicaCard
              key={replica.id}
              worker={worker}
              replica={replica}
              detail={detail?.replicas.find(({ id }) => id === replica.id)}
              onChanged={onChanged}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

interface ReplicaCardProps {
  readonly worker: LiveWorker;
  readonly replica: LiveReplica;
  readonly detail: Replica | undefined;
  readonly onChanged: () => void;
}

function ReplicaCard({ worker, replica, detail, onChanged }: ReplicaCardProps) {
  const isAdmin = useMay("admin");
  const [isAsking, setAsking] = useState(false);
  const path = `/cluster/v1/workers/${encodeURIComponent(worker.id)}/replicas/${encodeURIComponent(replica.id)}`;

  const check = async () => {
    try {
      await call(`${path}/check`, { method: "POST", body: {} });
      toast(`${replica.model} on ${worker.name} is asked its golden prompts.`);
      onChanged();
    } catch (error) {
      toast(errorText(error), "problem");
    }
  };

  return (
    <li className="replica-card">
      <div className="replica-line">
        <span className="swatch" style={{ background: `var(${hueOf(replica.model)})` }} />
        <a className="one-line replica-model strong" href={hashOf("models", [replica.model])}>
          {replica.model}
        </a>
        <ReplicaState replica={replica} />
      </div>
      <p className="small soft">
        {count(replica.slots, "slot")}
        {detail !== undefined && ` of ${tokens(detail.context_tokens)} tokens, ${detail.engine}`}
        {replica.vram_bytes > 0 && `, ${bytes(replica.vram_bytes)}`}
      </p>
      {replica.problem !== null && <p className="small replica-problem">{replica.problem}</p>}
      {detail?.breaker_reason != null && <p className="small soft">{detail.breaker_reason}</p>}
      {isAdmin && (
        <div className="row">
          <Button isSmall icon="check" disabled={replica.state !== "ready"} onClick={() => void check()}>
            Check
          </Button>
          <Button isSmall icon="trash" kind="danger" onClick={() => setAsking(true)}>
            Unload…
          </Button>
        </div>
      )}
      {isAsking && (
        <Confirm
          title={`Unload ${replica.model} from ${worker.name}?`}
          action="Unload"
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await call(path, { method: "DELETE" });
            toast(`${replica.model} is being unloaded from ${worker.name}.`);
            onChanged();
          }}
        >
          Its memory is free afterwards. The model is loaded again, here or elsewhere, as soon as somebody
          asks for it.
        </Confirm>
      )}
    </li>
  );
}
