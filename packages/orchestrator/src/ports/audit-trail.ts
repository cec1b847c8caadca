/** What is worth remembering of who did what: never prompts, answers or secrets. */
export const auditActions = [
  "worker.invite",
  "worker.join",
  "worker.refuse",
  "worker.renew",
  "worker.revoke",
  "worker.drain",
  "worker.pause",
  "worker.resume",
  "worker.load",
  "worker.unload",
  "commit.refuse",
  "authority.rotate",
  "key.create",
  "key.update",
  "key.rotate",
  "key.revoke",
  "access.refuse",
  "dashboard.sign_in",
  "dashboard.sign_out",
  "model.add",
  "model.remove",
  "model.pin",
  "model.unpin",
  "mirror.pull",
  "mirror.pin",
  "mirror.import",
  "mirror.remove",
  "batch.create",
  "batch.cancel",
  "file.create",
  "file.read",
  "file.remove",
  // What a log says of itself: that it begins, and that events were lost while the store was away.
  "audit.begin",
  "audit.gap",
] as const;
export type AuditAction = (typeof auditActions)[number];

export interface AuditEvent {
  readonly action: AuditAction;
  /** The id of a key, `worker:<id>`, or `muster` for what happens by itself. */
  readonly actor: string;
  /** What it was done to: an id or a name. */
  readonly target: string;
  /** A few facts for people; each short. */
  readonly details?: Readonly<Record<string, string | number | boolean>> | undefined;
}

export interface AuditTrail {
  /** Returns at once; what cannot be written is kept and tried again, and said in the log. Never throws. */
  record(event: AuditEvent): void;
}
