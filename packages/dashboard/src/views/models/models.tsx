import type { CatalogueModel, List } from "@muster/sdk";
import { useDeferredValue, useMemo, useState } from "react";
import type { LiveState } from "../../data/live-state.ts";
import { useHash } from "../../data/use-hash.ts";
import { useJson } from "../../data/use-json.ts";
import { useLive } from "../../data/use-live.ts";
import { useMay } from "../../data/use-session.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/empty.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { SearchInput, Switch } from "../../parts/field.tsx";
import { Skeleton } from "../../parts/loading.tsx";
import { Page } from "../../parts/page.tsx";
import { Panel } from "../../parts/panel.tsx";
import { AddModel } from "./add-model.tsx";
import { type Family, familiesOf, type ModelFilter } from "./families.ts";
import { ModelDetail } from "./model-detail.tsx";
import { ModelRow } from "./model-row.tsx";
import { leadOf, matchingOutside, outsideModelsOf } from "./outside.ts";
import { OutsidePanel } from "./outside-panel.tsx";
import "./models.css";

const askEveryMs = 10_000;

/** Changes whenever a model is loaded somewhere or is gone: then the catalogue is asked for anew. */
const replicasOf = (live: LiveState) =>
  [...live.workers.values()]
    .flatMap(({ id, replicas }) => replicas.map(({ model, state }) => `${id} ${model} ${state}`))
    .join("\n");

const workersOf = ({ workers }: LiveState) => workers;

/** The catalogue: what can be asked for by name, and where it is loaded. */
export function ModelsView() {
  const replicas = useLive(replicasOf);
  const catalogue = useJson<List<CatalogueModel>>("/cluster/v1/models", {
    everyMs: askEveryMs,
    key: replicas,
  });
  const isAdmin = useMay("admin");
  const { rest } = useHash();
  const [filter, setFilter] = useState<ModelFilter>({ text: "", isInUse: false });
  const [isAdding, setAdding] = useState(false);
  const deferred = useDeferredValue(filter);
  const models = catalogue.data?.data;
  const families = useMemo(() => familiesOf(models ?? [], deferred), [models, deferred]);
  const workers = useLive(workersOf);
  const outside = useMemo(
    () => (models === undefined ? [] : outsideModelsOf(workers.values(), models)),
    [workers, models],
  );
  const outsideShown = matchingOutside(outside, deferred);
  const chosen = models?.find(({ id, aliases }) => id === rest[0] || aliases.includes(rest[0] ?? ""));

  return (
    <Page
      title="Models"
      lead={models === undefined ? undefined : leadOf(models, outside)}
      tools={
        <>
          <Switch
            label="In use only"
            isOn={filter.isInUse}
            onSwitch={(isOn) => setFilter({ ...filter, isInUse: isOn })}
          />
          <SearchInput
            label="Name, family or ability"
            value={filter.text}
            onText={(text) => setFilter({ ...filter, text })}
          />
          {isAdmin && (
            <Button icon="plus" onClick={() => setAdding(true)}>
              Add…
            </Button>
          )}
        </>
      }
    >
      {catalogue.error !== undefined && <ErrorNote error={catalogue.error} onRetry={catalogue.refresh} />}
      {models === undefined && catalogue.isLoading && (
        <Skeleton lines={6} label="Waiting for the catalogue" />
      )}
      {models !== undefined && families.length + outsideShown.length === 0 && (
        <Empty icon="models" title={filter.isInUse ? "No model is loaded now" : "No model is like that"}>
          {filter.isInUse
            ? "One is loaded as soon as somebody asks for it by its name; nobody has to do it by hand."
            : "A GGUF file of yours can be added with its address."}
        </Empty>
      )}
      {outsideShown.length > 0 && <OutsidePanel models={outsideShown} onChanged={catalogue.refresh} />}
      {families.map((family) => (
        <FamilyPanel key={family.name} family={family} />
      ))}
      {chosen !== undefined && <ModelDetail key={chosen.id} model={chosen} onChanged={catalogue.refresh} />}
      {isAdding && <AddModel onClose={() => setAdding(false)} onAdded={catalogue.refresh} />}
    </Page>
  );
}

function FamilyPanel({ family: { name, models } }: { readonly family: Family }) {
  return (
    <Panel
      title={name}
      isFlush
      tools={
        models.length > 1 && (
          <span className="tiny faint">
            a request for {name} goes to the best of these that can answer it
          </span>
        )
      }
    >
      <ul>
        {models.map((model) => (
          <ModelRow key={model.id} model={model} />
        ))}
      </ul>
    </Panel>
  );
}
