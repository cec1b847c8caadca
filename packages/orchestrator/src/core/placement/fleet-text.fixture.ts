import type {
  ModelDemand,
  PlacementAction,
  PlacementModel,
  PlacementReplica,
  PlacementState,
  PlacementWorker,
} from "./fleet-state.ts";
import { memoryOf } from "./room.ts";
import { testModel } from "./test-models.fixture.ts";

/** The hour at which all these fleets are looked at. */
const textNowMs = 100 * 3_600_000;
const gb = 1e9;

interface Draft {
  worker: PlacementWorker;
  readonly replicas: PlacementReplica[];
  readonly stored: Set<string>;
  readonly failed: Map<string, number>;
}

/** Reads a fleet as an administrator would write it down; `#` begins a remark. golden/*.txt show all that can be said. */
export function readFleetText(text: string): { readonly state: PlacementState; readonly expected: string[] } {
  const models = new Map<string, PlacementModel>();
  const drafts = new Map<string, Draft>();
  const demand: ModelDemand[] = [];
  const expected: string[] = [];
  const modelOf = (id: string) => {
    const model = models.get(id) ?? testModel(id);
    models.set(id, model);
    return model;
  };
  let last: Draft | undefined;
  let isExpecting = false;

  for (const line of text.split("\n")) {
    const words = line.trim();
    if (words === "" || words.startsWith("#")) continue;
    if (words === "expected:") {
      isExpecting = true;
      continue;
    }
    if (isExpecting) {
      expected.push(words);
      continue;
    }
    const [, kind = "", names = "", rest = ""] = /^(\w+) ([^:]+)(?:: ?(.*))?$/.exec(words) ?? [];
    const parts = rest.split(", ").filter((part) => part !== "");
    if (kind === "model") models.set(names, modelFrom(modelOf(names), parts));
    else if (kind === "demand") demand.push(demandFrom(modelOf(names).id, parts));
    else if (kind === "worker") {
      for (const name of workerNames(names)) {
        last = workerFrom(name, parts, modelOf);
        drafts.set(name, last);
      }
    } else if (kind === "holds" && last !== undefined) {
      last.replicas.push(replicaFrom(names, parts, { draft: last, modelOf }));
    } else throw new Error(`Not understood: ${line}`);
  }
  const workers = [...drafts.values()].map(({ worker, replicas, stored, failed }) => ({
    ...worker,
    ...{ replicas, stored, failed },
  }));
  return { state: { workers, models: [...models.values()], demand, nowMs: textNowMs }, expected };
}

export function actionInWords(action: PlacementAction, state: PlacementState): string {
  const { kind, model, workerId, reason } = action;
  if (kind !== "load") {
    const replicas = state.workers.find(({ id }) => id === workerId)?.replicas ?? [];
    const variant = replicas.find(({ id }) => id === action.replicaId)?.variant ?? "";
    return `${kind} ${model} ${variant} on ${workerId}: ${reason}`;
  }
  const { variant, device, slots, contextTokens } = action;
  return `load ${model} ${variant.id} on ${workerId} (${device}, ${slots} x ${contextTokens}): ${reason}`;
}

type ModelOf = (id: string) => PlacementModel;

function modelFrom(model: PlacementModel, parts: readonly string[]): PlacementModel {
  let { pin, requires } = model;
  for (const part of parts) {
    const [, count, label] = /^pinned (\d+)(?: on (\S+))?$/.exec(part) ?? [];
    const [, needed] = /^only on (\S+)$/.exec(part) ?? [];
    if (count !== undefined) pin = { replicas: Number(count), labels: label ? labelOf(label) : {} };
    else if (needed !== undefined) requires = labelOf(needed);
    else throw new Error(`Not understood of a model: ${part}`);
  }
  return { ...model, pin, requires };
}

function demandFrom(model: string, parts: readonly string[]): ModelDemand {
  const counts = { "people wait": 0, "people are answered": 0, "lines wait": 0, "lines run": 0 };
  let serviceMs: number | undefined;
  let oldestWaitMs = 0;
  for (const part of parts) {
    const [, count, what] = /^(\d+) (people wait|people are answered|lines wait|lines run)$/.exec(part) ?? [];
    const [, waited] = /^the first for (\d+) s$/.exec(part) ?? [];
    const [, takes] = /^(\d+) s each$/.exec(part) ?? [];
    if (count !== undefined) counts[what as keyof typeof counts] = Number(count);
    else if (waited !== undefined) oldestWaitMs = Number(waited) * 1000;
    else if (takes !== undefined) serviceMs = Number(takes) * 1000;
    else throw new Error(`Not understood of a demand: ${part}`);
  }
  return {
    ...{ model, serviceMs, oldestWaitMs, slotsElsewhere: 0, lastAskedAtMs: textNowMs },
    interactiveWaiting: counts["people wait"],
    interactiveRunning: counts["people are answered"],
    batchWaiting: counts["lines wait"],
    batchRunning: counts["lines run"],
  };
}

function workerFrom(name: string, parts: readonly string[], modelOf: ModelOf): Draft {
  const stored = new Set<string>();
  const failed = new Map<string, number>();
  let worker: PlacementWorker = {
    ...{ id: name, name, labels: {}, isOpen: true, isServing: true, gpus: [], offeredRamBytes: 8 * gb },
    ...{ ramBytesPerSecond: 40e9, cores: 8, replicas: [], stored, failed, staying: 1 },
    freeDiskBytes: 200 * gb,
  };
  for (const part of parts) {
    const [, gpus = "1", size, speed] = /^(?:(\d+) x )?gpu ([\d.]+) GB at (\d+) GB\/s$/.exec(part) ?? [];
    const [, ram] = /^([\d.]+) GB main memory$/.exec(part) ?? [];
    const [, disk] = /^([\d.]+) GB disk$/.exec(part) ?? [];
    const [, has] = /^has (\S+)$/.exec(part) ?? [];
    const [, lacks] = /^failed (\S+)$/.exec(part) ?? [];
    const [, stays] = /^stays ([\d.]+)$/.exec(part) ?? [];
    if (size !== undefined) {
      const gpu = { offeredBytes: Number(size) * gb, bytesPerSecond: Number(speed) * gb };
      worker = { ...worker, gpus: Array.from({ length: Number(gpus) }, () => gpu) };
    } else if (ram !== undefined) worker = { ...worker, offeredRamBytes: Number(ram) * gb };
    else if (disk !== undefined) worker = { ...worker, freeDiskBytes: Number(disk) * gb };
    else if (stays !== undefined) worker = { ...worker, staying: Number(stays) };
    else if (part === "owner is there") worker = { ...worker, isOpen: false, isServing: false };
    else if (has !== undefined) stored.add(variantOf(has, modelOf).uri);
    else if (lacks !== undefined) failed.set(lacks, textNowMs + 600_000);
    else if (/^\S+=\S+$/.test(part)) worker = { ...worker, labels: { ...worker.labels, ...labelOf(part) } };
    else throw new Error(`Not understood of a worker: ${part}`);
  }
  return { worker, replicas: [], stored, failed };
}

function replicaFrom(
  names: string,
  parts: readonly string[],
  { draft, modelOf }: { readonly draft: Draft; readonly modelOf: ModelOf },
): PlacementReplica {
  const [model = "", variant = ""] = names.split("/");
  let replica: PlacementReplica = {
    ...{ id: `${draft.worker.id}-${model}`, model, variant, state: "ready", slots: 4, slotsUsed: 0 },
    ...{ contextTokens: modelOf(model).contextTokens, vramBytes: 0, ramBytes: 0, isFixed: false },
    ...{ isHeldBack: false, isRetiring: false, sinceMs: textNowMs, lastUsedAtMs: textNowMs },
  };
  for (const part of parts) {
    const [, slots, used] = /^(\d+) slots, (\d+) in use$/.exec(part.replace(" with ", ", ")) ?? [];
    const [, here] = /^here for (\d+) min$/.exec(part) ?? [];
    const [, idle] = /^idle for (\d+) min$/.exec(part) ?? [];
    if (slots !== undefined) replica = { ...replica, slots: Number(slots), slotsUsed: Number(used) };
    else if (here !== undefined) replica = { ...replica, sinceMs: textNowMs - Number(here) * 60_000 };
    else if (idle !== undefined) replica = { ...replica, lastUsedAtMs: textNowMs - Number(idle) * 60_000 };
    else if (part === "chosen by the owner") replica = { ...replica, isFixed: true };
    else if (part === "failed") replica = { ...replica, state: "failed" };
    else if (part === "retiring") replica = { ...replica, isRetiring: true };
    else throw new Error(`Not understood of a replica: ${part}`);
  }
  draft.stored.add(variantOf(names, modelOf).uri);
  return { ...replica, ...memoryOf(replica, draft.worker, modelOf(model)) };
}

function variantOf(names: string, modelOf: ModelOf) {
  const [model = "", id = ""] = names.split("/");
  const variant = modelOf(model).variants.find((one) => one.id === id);
  if (variant === undefined) throw new Error(`No variant ${names}.`);
  return variant;
}

/** `desk-1..4` are four. */
function workerNames(names: string): readonly string[] {
  const [, stem, first, last] = /^(.*?)(\d+)\.\.(\d+)$/.exec(names) ?? [];
  if (stem === undefined) return [names];
  const count = Number(last) - Number(first) + 1;
  return Array.from({ length: count }, (_, index) => `${stem}${Number(first) + index}`);
}

function labelOf(text: string): Readonly<Record<string, string>> {
  const [name = "", value = ""] = text.split("=");
  return { [name]: value };
}
