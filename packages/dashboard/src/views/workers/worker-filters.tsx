import type { LiveWorker } from "@muster/sdk";
import { useMemo } from "react";
import { SearchInput, Select } from "../../parts/field.tsx";
import { type SortKey, sortKeys, type WorkerFilter } from "./worker-list.ts";

const states = [
  { value: "", label: "Any state" },
  { value: "ready", label: "Lent" },
  { value: "away", label: "With its owner" },
  { value: "joining", label: "Joining" },
  { value: "draining", label: "Draining" },
  { value: "lost", label: "Lost" },
];

const sortWords: Readonly<Record<SortKey, string>> = {
  name: "By name",
  state: "What needs a look",
  speed: "Fastest first",
  load: "Busiest first",
  watts: "Most power first",
  free: "Most free memory",
};

export interface WorkerFiltersProps {
  readonly filter: WorkerFilter;
  readonly workers: ReadonlyMap<string, LiveWorker>;
  readonly onFilter: (filter: WorkerFilter) => void;
}

/** Which workers, in which order. */
export function WorkerFilters({ filter, workers, onFilter }: WorkerFiltersProps) {
  const models = useMemo(() => {
    const names = new Set(
      [...workers.values()].flatMap(({ replicas }) => replicas.map(({ model }) => model)),
    );
    return [...names].sort();
  }, [workers]);
  return (
    <div className="worker-filters">
      <SearchInput
        label="Name, pool, GPU or model"
        value={filter.text}
        onText={(text) => onFilter({ ...filter, text })}
      />
      <Select
        isBare
        label="State"
        value={filter.state}
        options={states}
        onValue={(state) => onFilter({ ...filter, state })}
      />
      <Select
        isBare
        label="Model"
        value={filter.model}
        options={[
          { value: "", label: "Any model" },
          ...models.map((model) => ({ value: model, label: model })),
        ]}
        onValue={(model) => onFilter({ ...filter, model })}
      />
      <Select
        isBare
        label="Order"
        value={filter.sort}
        options={sortKeys.map((key) => ({ value: key, label: sortWords[key] }))}
        onValue={(value) => onFilter({ ...filter, sort: sortKeys.find((key) => key === value) ?? "name" })}
      />
    </div>
  );
}
