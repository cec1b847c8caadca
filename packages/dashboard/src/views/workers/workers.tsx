import type { LiveWorker } from "@muster/sdk";
import { useCallback, useDeferredValue, useMemo, useState } from "react";
import type { LiveState } from "../../data/live-state.ts";
import { useHash } from "../../data/use-hash.ts";
import { useLive } from "../../data/use-live.ts";
import { useStore } from "../../data/use-store.ts";
import { Empty } from "../../parts/empty.tsx";
import { Skeleton } from "../../parts/loading.tsx";
import { Page } from "../../parts/page.tsx";
import { VirtualList } from "../../parts/virtual-list.tsx";
import { NoWorkers } from "./no-workers.tsx";
import { useLayout } from "./use-layout.ts";
import { pendingActions, withPending } from "./worker-actions.ts";
import { WorkerDetail } from "./worker-detail.tsx";
import { WorkerFilters } from "./worker-filters.tsx";
import { heightOfRow, leadOf, listed, type WorkerFilter } from "./worker-list.ts";
import { WorkerRow } from "./worker-row.tsx";
import "./workers.css";

const byId = (live: LiveState) => live.workers;
const isKnown = (live: LiveState) => live.known.workers;
const keyOf = ({ id }: LiveWorker) => id;
const same = <Value,>(value: Value) => value;

/** The machines: who lends what, to which models, and what is free. */
export function WorkersView() {
  const workers = useLive(byId);
  const hasList = useLive(isKnown);
  const pending = useStore(pendingActions, same);
  const { rest } = useHash();
  const [filter, setFilter] = useState<WorkerFilter>({ text: "", state: "", model: "", sort: "name" });
  const deferred = useDeferredValue(filter);
  const layout = useLayout();
  const heightOf = useCallback((worker: LiveWorker) => heightOfRow(worker, layout), [layout]);
  const shown = useMemo(() => {
    const rows = listed(workers.values(), deferred);
    return pending.size === 0 ? rows : rows.map((worker) => withPending(worker, pending.get(worker.id)));
  }, [workers, deferred, pending]);

  const detail = rest[0] === undefined ? null : <WorkerDetail key={rest[0]} id={rest[0]} />;
  if (!hasList || workers.size === 0) {
    return (
      <Page title="Workers">
        {hasList ? <NoWorkers /> : <Skeleton lines={6} label="Waiting for the list of workers" />}
        {detail}
      </Page>
    );
  }
  return (
    <Page
      title="Workers"
      lead={leadOf(workers.values())}
      tools={<WorkerFilters filter={filter} workers={workers} onFilter={setFilter} />}
      isTall
    >
      {shown.length === 0 ? (
        <Empty icon="search" title="No worker is like that">
          Clear the filters to see all of them again.
        </Empty>
      ) : (
        <VirtualList
          label="Workers"
          className="workers"
          rows={shown}
          keyOf={keyOf}
          heightOf={heightOf}
          head={<Heads />}
        >
          {(worker) => <WorkerRow worker={worker} />}
        </VirtualList>
      )}
      {detail}
    </Page>
  );
}

/** Names of columns; each row says them again where it is read aloud. */
function Heads() {
  return (
    <div className="worker worker-heads" aria-hidden="true">
      <span>Machine</span>
      <span>GPU memory</span>
      <span>Models, slots, speed</span>
      <span>Load</span>
      <span />
    </div>
  );
}
