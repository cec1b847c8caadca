import type { ApiKey, AuditRecord } from "@muster/sdk";
import { limits } from "./key-form.ts";

/** `600 requests a minute`, `8 at once`: the limits that a key has, in words. */
export function limitWords({ limits: set }: Pick<ApiKey, "limits">): readonly string[] {
  return limits.flatMap(({ id, label }) => {
    const value = set[id];
    if (value === null || value === undefined) return [];
    return [`${label}: ${value.toLocaleString("en-US")}`];
  });
}

/** `4:05`, counted down; undefined once it is over. */
export function countdown(expiresAt: number, nowSeconds: number): string | undefined {
  const left = Math.ceil(expiresAt - nowSeconds);
  if (left <= 0) return undefined;
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

/** Who did something, as people know them. */
export function actorWords(actor: string, keys: readonly Pick<ApiKey, "id" | "name">[]): string {
  if (actor === "muster") return "Muster";
  if (actor.startsWith("worker:")) return `worker ${actor.slice(7)}`;
  if (actor.startsWith("peer:")) return `somebody at ${actor.slice(5)}`;
  if (actor.startsWith("configured:")) return `${actor.slice(11)} (operator)`;
  return keys.find(({ id }) => id === actor)?.name ?? actor;
}

const deeds: Readonly<Record<string, string>> = {
  "worker.invite": "invited workers",
  "worker.join": "joined the fleet",
  "worker.refuse": "was refused as a worker",
  "worker.renew": "renewed a certificate",
  "worker.revoke": "revoked a worker",
  "worker.drain": "drained a worker",
  "worker.pause": "paused a worker",
  "worker.resume": "ended a worker’s pause",
  "worker.load": "loaded a model",
  "worker.unload": "unloaded a model",
  "commit.refuse": "was refused a result",
  "authority.rotate": "made another authority",
  "key.create": "made a key",
  "key.update": "changed a key",
  "key.rotate": "rotated a key",
  "key.revoke": "revoked a key",
  "access.refuse": "was turned away",
  "model.add": "added a model",
  "model.remove": "removed a model",
  "model.pin": "pinned a model",
  "model.unpin": "unpinned a model",
  "mirror.pull": "fetched a file into the mirror",
  "mirror.pin": "pinned a file of the mirror",
  "mirror.import": "put a file into the mirror",
  "mirror.remove": "removed a file of the mirror",
  "batch.create": "created a batch",
  "batch.cancel": "cancelled a batch",
  "file.create": "uploaded a file",
  "file.read": "downloaded a file",
  "file.remove": "removed a file",
  "dashboard.sign_in": "signed in to the dashboard",
  "dashboard.sign_out": "signed out of the dashboard",
  "audit.begin": "began this log",
  "audit.gap": "lost events while the store was away",
};

/** The deeds that the trail can be asked for. */
export const auditActions: readonly string[] = Object.keys(deeds);

export function deedWords(action: string): string {
  return deeds[action] ?? action;
}

/** `scopes inference · models gemma-*`. */
export function detailWords(details: AuditRecord["details"]): string {
  return Object.entries(details)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${String(value)}`)
    .join(" · ");
}
