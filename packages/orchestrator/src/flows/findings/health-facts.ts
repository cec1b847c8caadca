import type { CertificateFact, ClusterFacts, DiskFact, RedisFact } from "../../core/findings/facts.ts";
import type { HealthView } from "../health-watch.ts";

/** The mirror makes room for itself: with less than this on its disk it cannot. */
const mirrorBytes = 1_000_000_000;

export interface HealthFacts
  extends Pick<ClusterFacts, "disks" | "objectStoreProblem" | "certificates" | "unreadableRecords"> {
  readonly redis: Omit<RedisFact, "isUp">;
}

/** What of the last look at an orchestrator's surroundings somebody may have to do something about. */
export function healthFacts(
  view: HealthView,
  ours: { readonly storeReserveBytes: number; readonly isCertificateRenewed: boolean },
): HealthFacts {
  const { store, disks, objectStoreProblem, unreadableRecords } = view;
  const { usedBytes, maxBytes } = { usedBytes: 0, maxBytes: undefined, ...store };
  return {
    redis: {
      memory: maxBytes === undefined ? undefined : { usedBytes, maxBytes },
      policy: store?.policy,
    },
    disks: [
      ...diskFact(disks, { volume: "objects", neededBytes: ours.storeReserveBytes }),
      ...diskFact(disks, { volume: "mirror", neededBytes: mirrorBytes }),
    ],
    certificates: [
      ...ending(view.certificates.get("clients"), {
        certificate: "clients",
        isRenewed: ours.isCertificateRenewed,
      }),
      ...ending(view.trustEndsAtMs, { certificate: "authority", isRenewed: false }),
    ],
    ...{ objectStoreProblem, unreadableRecords },
  };
}

function diskFact(disks: HealthView["disks"], about: Omit<DiskFact, "freeBytes">): DiskFact[] {
  const space = disks.get(about.volume);
  return space === undefined ? [] : [{ ...about, freeBytes: space.freeBytes }];
}

function ending(endsAtMs: number | undefined, about: Omit<CertificateFact, "endsAtMs">): CertificateFact[] {
  return endsAtMs === undefined ? [] : [{ ...about, endsAtMs }];
}
