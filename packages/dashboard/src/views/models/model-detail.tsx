import type { CatalogueModel, List, ModelPlan } from "@muster/sdk";
import { useState } from "react";
import { call } from "../../data/api.ts";
import { hashOf } from "../../data/route.ts";
import { go } from "../../data/use-hash.ts";
import { useJson } from "../../data/use-json.ts";
import { useMay } from "../../data/use-session.ts";
import { bytes, count, parameters, short, tokens } from "../../format/numbers.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { toast } from "../../parts/toast.ts";
import { Fit } from "./fit.tsx";
import { LoadModel } from "./load-model.tsx";
import { PinControl } from "./pin-control.tsx";
import { WhereLoaded } from "./where-loaded.tsx";
import { capabilityTip, kindWords } from "./words.ts";

const close = () => go(hashOf("models"));

export interface ModelDetailProps {
  readonly model: CatalogueModel;
  readonly onChanged: () => void;
}

/** All that is known of one model, and what can be done with it. */
export function ModelDetail({ model, onChanged }: ModelDetailProps) {
  const isAdmin = useMay("admin");
  const plan = useJson<List<ModelPlan>>(`/cluster/v1/models/plan?model=${encodeURIComponent(model.id)}`);
  const [question, setQuestion] = useState<"load" | "forget" | undefined>(undefined);
  const changed = () => {
    onChanged();
    plan.refresh();
  };
  return (
    <Dialog kind="drawer" title={model.title} onClose={close}>
      <div className="model-detail">
        <section>
          <Code text={model.id} />
          <p className="small soft">
            {kindWords[model.kind]}, {parameters(model.parameters)}
            {model.active_parameters < model.parameters &&
              ` (${parameters(model.active_parameters)} at a time)`}
            , up to {tokens(model.max_context_tokens)} tokens of context. {model.licence}.
            {model.aliases.length > 0 && ` Also called ${model.aliases.join(", ")}.`}
          </p>
          <ul className="row">
            {model.capabilities.map((capability) => (
              <li key={capability} className="badge" data-tip={capabilityTip(capability)}>
                {capability.replaceAll("_", " ")}
              </li>
            ))}
          </ul>
          {isAdmin && (
            <div className="row">
              <Button isSmall icon="download" onClick={() => setQuestion("load")}>
                Load on a worker…
              </Button>
              {model.origin === "added" && (
                <Button isSmall icon="trash" kind="danger" onClick={() => setQuestion("forget")}>
                  Forget…
                </Button>
              )}
            </div>
          )}
        </section>
        <PinControl model={model} onChanged={changed} />
        <WhereLoaded model={model} onChanged={changed} />
        <section>
          <h3>Files</h3>
          <ul className="lines">
            {model.variants.map(({ id, uri, bytes: size, bits_per_weight: bits }) => (
              <li key={id} className="line">
                <span className="strong">{id}</span>
                <span className="grow one-line tiny faint" data-tip={uri}>
                  {uri}
                </span>
                <span className="small soft">
                  <span data-tip="Of each weight; more is closer to the original, and larger.">
                    {short(bits)} bits
                  </span>
                  {size !== null && `, ${bytes(size, 1000)}`}
                </span>
              </li>
            ))}
          </ul>
          <p className="tiny faint">Best quality first; the best that fits is taken.</p>
        </section>
        <Fit plan={plan.data?.data[0]} isLoading={plan.isLoading} error={plan.error} onRetry={plan.refresh} />
      </div>
      {question === "load" && (
        <LoadModel
          model={model}
          plan={plan.data?.data[0]}
          onClose={() => setQuestion(undefined)}
          onLoaded={changed}
        />
      )}
      {question === "forget" && (
        <Confirm
          title={`Forget ${model.title}?`}
          action="Forget"
          isDangerous
          onClose={() => setQuestion(undefined)}
          onConfirm={async () => {
            await call(`/cluster/v1/models/${encodeURIComponent(model.id)}`, { method: "DELETE" });
            toast(`${model.id} cannot be asked for any more.`);
            onChanged();
            close();
          }}
        >
          It cannot be asked for by its name any more
          {model.loaded.length > 0 && `, though it is loaded ${count(model.loaded.length, "time")}`}. Its
          files stay where they are, and it can be added again.
        </Confirm>
      )}
    </Dialog>
  );
}
