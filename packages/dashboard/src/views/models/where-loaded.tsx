import type { CatalogueModel } from "@muster/sdk";
import { useCallback, useState } from "react";
import type { LiveState } from "../../data/live-state.ts";
import { useLive } from "../../data/use-live.ts";
import { useMay } from "../../data/use-session.ts";
import { isSameList } from "../../data/use-store.ts";
import type { Place } from "./outside.ts";
import { ReplicaLine, UnloadQuestion } from "./replica-line.tsx";

export interface WhereLoadedProps {
  readonly model: CatalogueModel;
  readonly onChanged: () => void;
}

/** The replicas of a model, as they are now. */
export function WhereLoaded({ model, onChanged }: WhereLoadedProps) {
  const isAdmin = useMay("admin");
  const [asked, setAsked] = useState<Place | undefined>();
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
        {rows.map((place) => (
          <ReplicaLine key={place.replica.id} {...place} {...(isAdmin ? { onUnload: setAsked } : {})} />
        ))}
      </ul>
      {asked !== undefined && (
        <UnloadQuestion model={model.id} {...asked} onClose={() => setAsked(undefined)} onChanged={onChanged}>
          Its memory is free afterwards. The model is loaded again, here or elsewhere, as soon as somebody
          asks for it.
        </UnloadQuestion>
      )}
    </section>
  );
}
