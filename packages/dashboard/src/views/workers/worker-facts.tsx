import type { Worker } from "@muster/sdk";
import type { ReactNode } from "react";
import { bytes, count, short, wattHours, watts, whole } from "../../format/numbers.ts";
import { duration } from "../../format/times.ts";
import { Ago } from "../../parts/ago.tsx";
import { Hint } from "../../parts/hint.tsx";
import { platformName } from "./words.ts";

interface FactsProps {
  readonly worker: Worker;
}

/** What the machine is. */
export function HardwareFacts({ worker }: FactsProps) {
  const { hardware, labels } = worker;
  const own = Object.entries(labels ?? {});
  return (
    <section>
      <h3>Machine</h3>
      <dl className="facts">
        <Fact name="Host name">{hardware.hostname}</Fact>
        <Fact name="System">
          {platformName(hardware.platform)} ({hardware.arch}), Muster {worker.version}
        </Fact>
        <Fact name="Processor">
          {hardware.cpu_model}, {count(hardware.physical_cores, "core")}
        </Fact>
        <Fact name="Memory">
          {bytes(hardware.free_ram_bytes)} of {bytes(hardware.ram_bytes)} free
          {worker.offered_ram_bytes != null && `; Muster may have ${bytes(worker.offered_ram_bytes)}`}
        </Fact>
        {hardware.gpus.map((gpu, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a machine's GPUs keep their places, and may have the same name.
          <Fact key={index} name={hardware.gpus.length === 1 ? "GPU" : `GPU ${index + 1}`}>
            {gpu.name}, {bytes(gpu.vram_bytes)}
            {gpu.offered_vram_bytes != null && `; Muster may have ${bytes(gpu.offered_vram_bytes)}`}
            {gpu.driver_version != null && `; driver ${gpu.driver_version}`}
          </Fact>
        ))}
        <Fact name={<Hint tip="What the engine computes with.">Computes with</Hint>}>{hardware.backend}</Fact>
        <Fact name="Connected">
          <Ago at={worker.connected_at} />
        </Fact>
        {own.length > 0 && (
          <Fact name="Labels">{own.map(([name, value]) => `${name}=${value}`).join(", ")}</Fact>
        )}
        {worker.given_back !== undefined && worker.given_back > 0 && (
          <Fact
            name={
              <Hint tip="Answers that ran elsewhere because its owner needed the machine.">Given back</Hint>
            }
          >
            {whole(worker.given_back)}
          </Fact>
        )}
      </dl>
    </section>
  );
}

/** What it drew, and what came of it. */
export function EnergyFacts({ worker: { energy } }: FactsProps) {
  return (
    <section>
      <h3>Energy, since the orchestrator started</h3>
      {energy === null || energy === undefined ? (
        <p className="small soft">Nothing in this machine tells what it draws.</p>
      ) : (
        <dl className="facts">
          <Fact name="Now">
            {watts(energy.watts)}
            {energy.idle_watts !== null && `; ${watts(energy.idle_watts)} at rest`}
          </Fact>
          <Fact name="Drawn">
            {wattHours(energy.watt_hours)}, {wattHours(energy.watt_hours_working)} of it while working
          </Fact>
          <Fact name="Came of it">
            {short(energy.completion_tokens)} tokens written, {short(energy.prompt_tokens)} read
          </Fact>
          {energy.tokens_per_watt_hour !== null && (
            <Fact name="Worth">{short(energy.tokens_per_watt_hour)} tokens for a watt-hour</Fact>
          )}
          {energy.cost_per_million_tokens !== null && (
            <Fact name="Electricity">{short(energy.cost_per_million_tokens)} for a million tokens</Fact>
          )}
          <Fact name="Lent">{duration(energy.seconds_lent)} in all</Fact>
        </dl>
      )}
    </section>
  );
}

function Fact({ name, children }: { readonly name: ReactNode; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
