import type { LiveWorker } from "@muster/sdk";
import { memo } from "react";
import { hashOf } from "../../data/route.ts";
import { bytes, percent, watts } from "../../format/numbers.ts";
import { Badge } from "../../parts/badge.tsx";
import { GpuBars, gpuLoadWords } from "./gpu-bars.tsx";
import { ReplicaLines } from "./replica-chips.tsx";
import { platformName, stateWords } from "./words.ts";
import { WorkerMenu } from "./worker-menu.tsx";

/** One worker of the list. Drawn again only when it has changed. */
export const WorkerRow = memo(function WorkerRow({ worker }: { readonly worker: LiveWorker }) {
  const { id, name, pool, platform, backend, gpus, replicas } = worker;
  const words = stateWords(worker);
  return (
    <article className={worker.state === "ready" ? "worker" : "worker worker-still"} aria-label={name}>
      <div className="worker-who">
        <a className="worker-name one-line" href={hashOf("workers", [id])}>
          {name}
        </a>
        <span className="worker-state">
          <Badge tone={words.tone} hasDot tip={words.tip}>
            {words.text}
          </Badge>
          <span className="one-line tiny faint">
            {pool ?? platformName(platform)}
            <span className="worker-platform">{pool === null ? "" : ` · ${platformName(platform)}`}</span>
          </span>
        </span>
      </div>
      <div className="worker-gpus">
        {gpus.length === 0 ? (
          <p className="small soft">
            No GPU{backend === "cpu" ? "" : ` (${backend})`}: processor, {bytes(worker.ram_bytes)} of memory
          </p>
        ) : (
          <GpuBars gpus={gpus} replicas={replicas} />
        )}
      </div>
      <div className="worker-replicas">
        {replicas.length === 0 ? (
          <p className="small faint">No model loaded</p>
        ) : (
          <ReplicaLines replicas={replicas} />
        )}
      </div>
      <Load worker={worker} />
      <div className="worker-menu">
        <WorkerMenu worker={worker} />
      </div>
    </article>
  );
});

function Load({ worker }: { readonly worker: LiveWorker }) {
  const { gpus, cpu_load: cpu, watts: power } = worker;
  const told = gpus.map(gpuLoadWords).filter((words) => words !== "");
  return (
    <dl className="worker-load">
      {told.length > 0 && (
        <div>
          <dt>GPU</dt>
          <dd>
            {told.length === 1 ? told[0] : gpus.map(({ utilization }) => percent(utilization)).join(" ")}
          </dd>
        </div>
      )}
      <div>
        <dt>CPU</dt>
        <dd>{percent(cpu)}</dd>
      </div>
      {power !== null && (
        <div>
          <dt>Power</dt>
          <dd>{watts(power)}</dd>
        </div>
      )}
    </dl>
  );
}
