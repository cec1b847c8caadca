import type { CatalogueModel, LiveReplica, LiveWorker } from "@muster/sdk";
import { useCallback, useState } from "react";
import { call } from "../../data/api.ts";
import type { LiveState } from "../../data/live-state.ts";
import { hashOf } from "../../data/route.ts";
import { useLive } from "../../data/use-live.ts";
import { useMay } from "../../data/use-session.ts";
import { isSameList } from "../../data/use-store.ts";
import { percent, rate } from "../../format/numbers.ts";
import { Button } from "../../parts/button.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { toast } from "../../parts/toast.ts";

export interface WhereLoadedProps {
  readonly model: CatalogueModel;
  readonly onChanged: () => void;
}

/** The replicas of a model, as they are now. */
export function WhereLoaded({ model, onChanged }: WhereLoadedProps) {
  const isAdmin = useMay("admin");
  const [asked, setAsked] = useState<
    { readonly worker: LiveWorker; readonly replica: LiveReplica } | undefined
  >();
  const names = [model.id, ...model.aliases].join("\n");
  const workers = useLive(
    useCallback(
      (live: LiveState) => {
        const isOf = new Set(names.split("\n"));
        return [...live.workers.values()].filter(({ replicas }) =>
          replicas.some((one) => isOf.has(one.model) && one.state !== "unloaded"),
        );
      },
      [names],
    ),
    isSameList,
  );
  const rows = workers.flatMap((worker) =>
    worker.replicas
      .filter((one) => names.split("\n").includes(one.model) && one.state !== "unloaded")
      .map((replica) => ({ worker, replica })),
  );
  return (
    <section>
      <h3>Loaded on</h3>
      {rows.length === 0 && (
        <p className="small soft">No machine now. It is loaded as soon as somebody asks for it.</p>
      )}
      <ul className="lines">
        {rows.map(({ worker, replica }) => (
          <li key={replica.id} className="line">
            <span className="grow">
              <a className="strong" href={hashOf("workers", [worker.id])}>
                {worker.name}
              </a>{" "}
              <span className="small soft">{replicaWords(replica)}</span>
              {replica.problem !== null && <span className="line-why line-problem">{replica.problem}</span>}
            </span>
            {isAdmin && (
              <Button isSmall kind="quiet" onClick={() => setAsked({ worker, replica })}>
                Unload…
              </Button>
            )}
          </li>
        ))}
      </ul>
      {asked !== undefined && (
        <Confirm
          title={`Unload ${model.id} from ${asked.worker.name}?`}
          action="Unload"
          onClose={() => setAsked(undefined)}
          onConfirm={async () => {
            const { worker, replica } = asked;
            await call(
              `/cluster/v1/workers/${encodeURIComponent(worker.id)}/replicas/${encodeURIComponent(replica.id)}`,
              { method: "DELETE" },
            );
            toast(`${model.id} is being unloaded from ${worker.name}.`);
            onChanged();
          }}
        >
          Its memory is free afterwards. The model is loaded again, here or elsewhere, as soon as somebody
          asks for it.
        </Confirm>
      )}
    </section>
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
