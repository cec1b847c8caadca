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

it("power and shares that make no sense are unknown", () => {
  const load = overTheWire({ cpuLoad: 7, cpuWatts: -1, gpus: [{ watts: -5, utilization: Number.NaN }] });
  expect(load).toMatchObject({ cpuLoad: 1, cpuWatts: undefined });
  expect(load?.gpus?.[0]).toMatchObject({ watts: undefined, utilization: undefined });
});
