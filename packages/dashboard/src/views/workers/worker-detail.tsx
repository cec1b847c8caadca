import type { LiveWorker, Worker } from "@muster/sdk";
import { useCallback, useState } from "react";
import type { LiveState } from "../../data/live-state.ts";
import { hashOf } from "../../data/route.ts";
import { go } from "../../data/use-hash.ts";
import { useJson } from "../../data/use-json.ts";
import { useLive } from "../../data/use-live.ts";
import { useMay } from "../../data/use-session.ts";
import { useStore } from "../../data/use-store.ts";
import { Badge } from "../../parts/badge.tsx";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { ErrorNote } from "../../parts/error-note.tsx";
import { Skeleton } from "../../parts/loading.tsx";
import { GpuBars } from "./gpu-bars.tsx";
import { Presence } from "./presence.tsx";
import { Replicas } from "./replicas.tsx";
import { policyWords, stateWords } from "./words.ts";
import { pendingActions, withPending } from "./worker-actions.ts";
import { WorkerDialog, type WorkerQuestion } from "./worker-dialog.tsx";
import { EnergyFacts, HardwareFacts } from "./worker-facts.tsx";

const askEveryMs = 15_000;
const close = () => go(hashOf("workers"));

/** All that is known of one worker, beside the list. */
export function WorkerDetail({ id }: { readonly id: string }) {
  const told = useLive(useCallback((live: LiveState) => live.workers.get(id), [id]));
  const pending = useStore(
    pendingActions,
    useCallback((all) => all.get(id), [id]),
  );
  const live = told === undefined ? undefined : withPending(told, pending);
  const { data, error, isLoading, refresh } = useJson<Worker>(
    `/cluster/v1/workers/${encodeURIComponent(id)}`,
    {
      everyMs: askEveryMs,
    },
  );
  return (
    <Dialog kind="drawer" title={live?.name ?? data?.name ?? id} onClose={close}>
      <div className="worker-detail">
        {live !== undefined && <Head worker={live} />}
        {error !== undefined && <ErrorNote error={error} onRetry={refresh} />}
        {live !== undefined && (
          <>
            {live.gpus.length > 0 && (
              <section>
                <h3>GPU memory</h3>
                <GpuBars gpus={live.gpus} replicas={live.replicas} />
              </section>
            )}
            <Replicas worker={live} detail={data} onChanged={refresh} />
          </>
        )}
        {data === undefined && isLoading && <Skeleton lines={6} />}
        {data !== undefined && (
          <>
            <Presence worker={data} />
            <HardwareFacts worker={data} />
            <EnergyFacts worker={data} />
          </>
        )}
      </div>
    </Dialog>
  );
}

function Head({ worker }: { readonly worker: LiveWorker }) {
  const isAdmin = useMay("admin");
  const [question, setQuestion] = useState<WorkerQuestion | undefined>(undefined);
  const words = stateWords(worker);
  const isGone = worker.state === "lost";
  return (
    <section className="worker-detail-head">
      <p className="row">
        <Badge tone={words.tone} hasDot>
          {words.text}
        </Badge>
        <span className="soft">{words.tip}</span>
      </p>
      <p className="small soft">
        Lent {policyWords[worker.availability.policy] ?? worker.availability.policy}
        {worker.pool === null ? "" : `, in the pool ${worker.pool}`}.
      </p>
      {isAdmin && (
        <div className="row">
          {worker.availability.state === "paused" ? (
            <Button isSmall icon="play" disabled={isGone} onClick={() => setQuestion("resume")}>
              Resume
            </Button>
          ) : (
            <Button isSmall icon="pause" disabled={isGone} onClick={() => setQuestion("pause")}>
              Pause…
            </Button>
          )}
          <Button
            isSmall
            icon="drain"
            disabled={isGone || worker.state === "draining"}
            onClick={() => setQuestion("drain")}
          >
            Drain…
          </Button>
        </div>
      )}
      {question !== undefined && (
        <WorkerDialog worker={worker} question={question} onClose={() => setQuestion(undefined)} />
      )}
    </section>
  );
}
