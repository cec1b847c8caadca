import { Muster, type Worker } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { chat, eventually, startCluster } from "../harness/cluster.ts";
import { installNvidiaSmi, totalMib } from "../support/nvidia-smi.ts";

const mib = 1024 ** 2;
const beatMs = 2_000;

describe("a GPU that other programs use", () => {
  it("is offered less of within two beats, more only after a while, and its energy is counted", async () => {
    const tool = await installNvidiaSmi();
    const cluster = await startCluster({ heartbeatIntervalMs: beatMs, pricePerKwh: 0.3 });
    const path = `${tool.folder}:${process.env["PATH"]}`;
    await cluster.workerProcess("desk", {
      env: { PATH: path, MUSTER_GPUS: "0", MUSTER_VRAM_RESERVE: "1GiB" },
    });
    const { workers } = new Muster({ baseUrl: cluster.url });
    const desk = async () => (await workers.list()).data[0] as Worker;
    const until = (isWanted: (worker: Worker) => boolean, withinMs?: number) =>
      eventually(async () => isWanted(await desk()), withinMs);

    await until(({ hardware }) => hardware.gpus[0]?.used_by_others_bytes === 1_000 * mib);
    expect((await desk()).hardware.gpus).toEqual([
      {
        ...{ name: "NVIDIA GeForce RTX 4090", driver_version: "550.90.07", is_unified: false },
        uuid: "GPU-5d2f3f0a-1c54-0b0e-2f0c-3a1a0c7d9b11",
        ...{ vram_bytes: totalMib * mib, free_vram_bytes: (totalMib - 1_000) * mib },
        ...{ used_by_muster_bytes: 0, used_by_others_bytes: 1_000 * mib },
        offered_vram_bytes: (totalMib - 1_000 - 1_024) * mib,
        ...{ utilization: 0.37, temperature_celsius: 54, watts: 120 },
      },
    ]);

    await tool.others(20_000);
    const grownAtMs = performance.now();
    const left = (totalMib - 20_000 - 1_024) * mib;
    // A second more: the tool of this test sleeps for one, on a machine that runs other tests.
    await until(({ hardware }) => hardware.gpus[0]?.offered_vram_bytes === left, 2 * beatMs + 1_000);
    expect(performance.now() - grownAtMs).toBeLessThan(2 * beatMs + 1_500);

    const answer = await cluster.post("/v1/chat/completions", chat("one two three", { max_tokens: 8 }));
    const { usage } = (await answer.json()) as {
      usage: { prompt_tokens: number; completion_tokens: number };
    };
    await tool.others(2_000);
    await until(({ hardware }) => hardware.gpus[0]?.used_by_others_bytes === 2_000 * mib);
    await until(({ energy }) => energy?.tokens_per_watt_hour != null);
    const { hardware, energy } = await desk();
    expect(hardware.gpus[0]?.offered_vram_bytes).toBe(left);
    expect(energy?.sources).toContain("gpus");
    expect(energy?.watts).toBeGreaterThanOrEqual(120);
    expect(energy?.watt_hours).toBeGreaterThan(0);
    expect([energy?.prompt_tokens, energy?.completion_tokens]).toEqual([
      usage.prompt_tokens,
      usage.completion_tokens,
    ]);
    expect(energy?.cost_per_million_tokens).toBeGreaterThan(0);

    const fleet = await workers.fleet();
    expect(fleet).toMatchObject({ workers: { ready: 1 }, gpus: 1, slots: { total: 4, used: 0 } });
    expect(fleet.vram).toMatchObject({ total_bytes: totalMib * mib, used_by_others_bytes: 2_000 * mib });
    expect(fleet.seconds_lent).toBeGreaterThan(0);
    const metrics = await (await fetch(`${cluster.url}/metrics`)).text();
    expect(metrics).toContain(`muster_worker_vram_bytes{worker="desk",kind="others"} ${2_000 * mib}`);
    expect(metrics).toMatch(/muster_worker_energy_joules_total\{worker="desk",kind="working"\} [1-9]/);

    // Two that stay; the others are for the probe, and for the first reading unless the loop was faster.
    const calls = await tool.calls();
    expect(calls.filter((call) => /pmon|-lms/.test(call))).toHaveLength(2);
    expect(calls.length).toBeLessThanOrEqual(4);
    expect(calls.every((call) => call.includes("-i 0"))).toBe(true);
  });
});
