import type { MachineLoad } from "@muster/base";
import { expect, it } from "vitest";
import { loadFleet, type WorkerMessage, workerBody } from "../index.ts";
import { loadFromWire, loadToWire } from "./hardware.ts";

const { requestSerialize, requestDeserialize } = loadFleet().service.Connect;

function overTheWire(heartbeat: NonNullable<WorkerMessage["heartbeat"]>): MachineLoad | undefined {
  const body = workerBody(requestDeserialize(requestSerialize({ heartbeat })));
  return body?.kind === "heartbeat" ? loadFromWire(body.value) : undefined;
}

const gpu = { freeVramBytes: 2 ** 34, offeredBytes: 2 ** 33 };

it("a machine's load is the same on the other side, and what is unknown stays unknown", () => {
  const load: MachineLoad = {
    ...{ freeRamBytes: 2 ** 35, cpuLoad: 0.5, offeredRamBytes: 2 ** 34, cpuWatts: 42.5 },
    gpus: [
      { ...gpu, othersBytes: 0, utilization: 0, temperatureCelsius: 40, watts: 0 },
      {
        ...gpu,
        ...{
          othersBytes: undefined,
          utilization: undefined,
          temperatureCelsius: undefined,
          watts: undefined,
        },
      },
    ],
  };
  expect(overTheWire(loadToWire(load))).toEqual(load);
  expect(overTheWire(loadToWire({ freeRamBytes: 1, cpuLoad: 0 }))).toEqual({
    ...{ freeRamBytes: 1, cpuLoad: 0, offeredRamBytes: undefined, cpuWatts: undefined, gpus: [] },
  });
});

it("what a worker says of its process is the same on the other side, and 0 where it makes no sense", () => {
  const process = {
    ...{ residentBytes: 2 ** 31, cpuSeconds: 12.5, eventLoopLagSeconds: 0.25, engineCrashes: 1 },
    ...{ promptTokens: 5, generationTokens: 7, prefillSeconds: 0.5, decodeSeconds: 2 },
  };
  const machine = { freeRamBytes: 1, cpuLoad: 0 };
  expect(overTheWire(loadToWire({ ...machine, process }))?.process).toEqual(process);
  expect(overTheWire(loadToWire(machine))).not.toHaveProperty("process");
  const wrong = {
    ...{ residentBytes: "18446744073709551615", cpuSeconds: -1, eventLoopLagSeconds: Number.NaN },
    ...{ engineCrashes: 2 ** 62, promptTokens: "9007199254740993", generationTokens: 3 },
    ...{ prefillSeconds: Number.POSITIVE_INFINITY, decodeSeconds: 1e300 },
  };
  expect(overTheWire({ ...loadToWire(machine), stats: wrong })?.process).toEqual({
    ...{ residentBytes: 0, cpuSeconds: 0, eventLoopLagSeconds: 0, engineCrashes: 0 },
    ...{ promptTokens: 0, generationTokens: 3, prefillSeconds: 0, decodeSeconds: 0 },
  });
});

it("power and shares that make no sense are unknown", () => {
  const load = overTheWire({ cpuLoad: 7, cpuWatts: -1, gpus: [{ watts: -5, utilization: Number.NaN }] });
  expect(load).toMatchObject({ cpuLoad: 1, cpuWatts: undefined });
  expect(load?.gpus?.[0]).toMatchObject({ watts: undefined, utilization: undefined });
});
