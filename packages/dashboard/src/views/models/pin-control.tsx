import type { CatalogueModel } from "@muster/sdk";
import { useState } from "react";
import { call } from "../../data/api.ts";
import { useMay } from "../../data/use-session.ts";
import { count } from "../../format/numbers.ts";
import { Button } from "../../parts/button.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { TextInput } from "../../parts/field.tsx";
import { Hint } from "../../parts/hint.tsx";
import { toast } from "../../parts/toast.ts";

const mostReplicas = 64;

export interface PinControlProps {
  readonly model: CatalogueModel;
  readonly onChanged: () => void;
}

/** How many replicas are always loaded. */
export function PinControl({ model, onChanged }: PinControlProps) {
  const isAdmin = useMay("admin");
  const [text, setText] = useState(String(model.pin?.replicas ?? 1));
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(undefined);
  const replicas = Number(text);
  const isValid = Number.isInteger(replicas) && replicas >= 1 && replicas <= mostReplicas;

  const run = async (method: "PUT" | "DELETE", done: string) => {
    setBusy(true);
    setError(undefined);
    try {
      const labels = model.pin?.labels ?? {};
      await call(`/cluster/v1/models/${encodeURIComponent(model.id)}/pin`, {
        method,
        ...(method === "PUT" ? { body: { replicas, labels } } : {}),
      });
      toast(done);
      onChanged();
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };

  return (
    <section>
      <h3>
        <Hint tip="A pinned model stays loaded though nobody asks for it, on as many machines as you say.">
          Pin
        </Hint>
      </h3>
      <p className="small soft">{pinWords(model)}</p>
      {isAdmin && (
        <form
          className="pin-form"
          onSubmit={(event) => {
            event.preventDefault();
            if (isValid)
              void run("PUT", `${count(replicas, "replica")} of ${model.id} will always be loaded.`);
          }}
        >
          <TextInput
            label="Replicas"
            type="number"
            inputMode="numeric"
            min={1}
            max={mostReplicas}
            value={text}
            onText={setText}
            error={isValid ? undefined : `A whole number from 1 to ${mostReplicas}.`}
          />
          <Button
            type="submit"
            icon="pin"
            isBusy={isBusy}
            disabled={!isValid || replicas === model.pin?.replicas}
          >
            {model.pin === null ? "Pin" : "Change"}
          </Button>
          {model.pin !== null && (
            <Button
              kind="quiet"
              disabled={isBusy}
              onClick={() => void run("DELETE", `${model.id} is loaded and unloaded by demand again.`)}
            >
              Unpin
            </Button>
          )}
        </form>
      )}
      {error !== undefined && <ErrorNote error={error} />}
    </section>
  );
}

function pinWords({ pin }: CatalogueModel): string {
  if (pin === null)
    return "Not pinned: it is loaded when somebody asks for it, and gives way when another is wanted.";
  const labels = Object.entries(pin.labels).map(([name, value]) => `${name}=${value}`);
  const where = labels.length === 0 ? "" : `, on workers with ${labels.join(" and ")}`;
  return `${count(pin.replicas, "replica")} ${pin.replicas === 1 ? "is" : "are"} always loaded${where}.`;
}
