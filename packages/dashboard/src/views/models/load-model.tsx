import type { CatalogueModel, LiveWorker, ModelPlan } from "@muster/sdk";
import { useState } from "react";
import { call } from "../../data/api.ts";
import type { LiveState } from "../../data/live-state.ts";
import { useLive } from "../../data/use-live.ts";
import { isSameList } from "../../data/use-store.ts";
import { bytes } from "../../format/numbers.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Select } from "../../parts/field.tsx";
import { toast } from "../../parts/toast.ts";

const connected = (live: LiveState): readonly LiveWorker[] =>
  [...live.workers.values()]
    .filter(({ state }) => state !== "lost")
    .sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));

export interface LoadModelProps {
  readonly model: CatalogueModel;
  readonly plan: ModelPlan | undefined;
  readonly onClose: () => void;
  readonly onLoaded: () => void;
}

/** Loads a file of a model on a worker that somebody chooses; placement leaves it alone then. */
export function LoadModel({ model, plan, onClose, onLoaded }: LoadModelProps) {
  const workers = useLive(connected, isSameList);
  const [workerId, setWorkerId] = useState("");
  const worker = workers.find(({ id }) => id === workerId) ?? firstFitting(workers, plan);
  const fit = plan?.fits.find((one) => one.worker === worker?.name);
  const whyNot = plan?.why_not.find((one) => one.worker === worker?.name);
  const [variantId, setVariantId] = useState("");
  const variant =
    model.variants.find(({ id }) => id === variantId) ??
    model.variants.find(({ id }) => id === fit?.variant) ??
    model.variants.at(-1);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);

  const load = async () => {
    if (worker === undefined || variant === undefined) return;
    setBusy(true);
    setError(undefined);
    try {
      await call(`/cluster/v1/workers/${encodeURIComponent(worker.id)}/replicas`, {
        method: "POST",
        body: { model_uri: variant.uri, model: model.id },
      });
      toast(`${model.id} is being loaded on ${worker.name}.`);
      onLoaded();
      onClose();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };

  return (
    <Dialog
      title={`Load ${model.title}`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" isBusy={isBusy} disabled={worker === undefined} onClick={() => void load()}>
            Load
          </Button>
        </>
      }
    >
      <div className="stack">
        {workers.length === 0 ? (
          <p className="soft">No machine is connected on which it could be loaded.</p>
        ) : (
          <>
            <Select
              label="Worker"
              value={worker?.id ?? ""}
              onValue={setWorkerId}
              options={workers.map(({ id, name }) => ({
                value: id,
                label: plan?.fits.some((one) => one.worker === name) === true ? `${name} (fits)` : name,
              }))}
              help={fit?.reason ?? whyNot?.reason}
            />
            <Select
              label="File"
              value={variant?.id ?? ""}
              onValue={setVariantId}
              options={model.variants.map(({ id, bytes: size }) => ({
                value: id,
                label: size === null ? id : `${id}, ${bytes(size, 1000)}`,
              }))}
            />
            <p className="small soft">
              What you load by hand stays until you unload it, or its owner takes the machine. Without you,
              models are loaded where they are asked for.
            </p>
          </>
        )}
        {error !== undefined && <ErrorNote error={error} />}
      </div>
    </Dialog>
  );
}

function firstFitting(workers: readonly LiveWorker[], plan: ModelPlan | undefined): LiveWorker | undefined {
  const fitting = new Set(plan?.fits.map(({ worker }) => worker));
  return workers.find(({ name }) => fitting.has(name)) ?? workers[0];
}
