import type { ClusterFacts } from "./facts.ts";
import type { Finding, Found } from "./finding.ts";
import {
  endingCertificates,
  fullDisks,
  lateBatches,
  openDoors,
  troubledRedis,
  troubledStore,
  unreadableRecords,
} from "./house-rules.ts";
import { longWaits, missingPins, unservedModels } from "./model-rules.ts";
import {
  flappingWorkers,
  illReplicas,
  lostWorkers,
  noWorkers,
  otherVersions,
  troubledMachines,
} from "./worker-rules.ts";

const rules: readonly ((facts: ClusterFacts) => readonly Found[])[] = [
  ...[troubledRedis, troubledStore, fullDisks, endingCertificates, unreadableRecords],
  ...[noWorkers, unservedModels, longWaits, missingPins],
  ...[lostWorkers, flappingWorkers, illReplicas, troubledMachines, lateBatches],
  ...[otherVersions, openDoors],
];
const order = { problem: 0, warning: 1, note: 2 } as const;
/** More are not read by anybody: the first ones say what is wrong. */
const mostFindings = 100;

/** Since when each finding has been so, by its id. */
export type Known = ReadonlyMap<string, { readonly upMs: number; readonly wallMs: number }>;

/**
 * What is to be told of these facts, the worst first.
 * @param known of the look before
 * @param upMs time that only goes forward: a clock that is set must not end a grace
 */
export function watch(
  facts: ClusterFacts,
  known: Known,
  upMs: number,
): { readonly findings: readonly Finding[]; readonly known: Known } {
  const found = rules.flatMap((rule) => rule(facts));
  const first = { upMs, wallMs: facts.nowMs };
  const since = new Map(found.map(({ id }) => [id, known.get(id) ?? first]));
  const findings = found.flatMap(({ graceMs, sinceMs, ...finding }): Finding[] => {
    const seen = since.get(finding.id) ?? first;
    return upMs - seen.upMs < graceMs ? [] : [{ ...finding, sinceMs: sinceMs ?? seen.wallMs }];
  });
  return { findings: inOrder(findings), known: since };
}

/** The worst first; of several with one id the one that has been so for longest. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const byId = new Map<string, Finding>();
  for (const finding of findings) {
    const known = byId.get(finding.id);
    if (known === undefined || finding.sinceMs < known.sinceMs) byId.set(finding.id, finding);
  }
  return [...byId.values()]
    .sort((a, b) => order[a.severity] - order[b.severity] || (a.id < b.id ? -1 : 1))
    .slice(0, mostFindings);
}
