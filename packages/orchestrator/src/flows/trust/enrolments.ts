import { type Clock, type Log, MusterError } from "@muster/base";
import {
  type Enrolment,
  type EnrolmentState,
  enrolmentState,
  freeName,
  isFleetName,
  lapseDays,
  type Revocation,
  utcDay,
} from "../../core/trust/enrolment.ts";
import type { AuditTrail } from "../../ports/audit-trail.ts";
import type { CertificateIssuer } from "../../ports/certificate-issuer.ts";
import type { AuthorityKeeper } from "./authority-keeper.ts";
import type { Invite, Invites } from "./invites.ts";
import type { RecordBook } from "./record-book.ts";

interface EnrolmentsDeps {
  readonly book: RecordBook<Enrolment>;
  readonly revocations: RecordBook<Revocation>;
  readonly invites: Pick<Invites, "take">;
  readonly authorities: Pick<AuthorityKeeper, "signWorker" | "anchors">;
  readonly issuer: Pick<CertificateIssuer, "readRequest">;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
}

/** What a worker gets. */
export interface Enrolled {
  readonly workerId: string;
  readonly name: string;
  readonly pool: string;
  readonly certificate: string;
  readonly authorities: readonly string[];
}

/** Whose certificate was shown, and for which key it is. */
export interface ShownIdentity {
  readonly workerId: string;
  readonly spkiSha256: string;
}

/** Strangers can make us remember so many refusals a minute, and no more. */
const maxRefusalsAMinute = 30;
/** Each is signed and remembered in the audit trail. A worker needs a few a day. */
const maxRenewalsAMinute = 20;
const minuteMs = 60_000;
const lookAgainMs = 1_000;

/** Which workers belong to the fleet, by which key, and which no longer. */
export class Enrolments {
  readonly #deps: EnrolmentsDeps;
  /** Names are given one after the other: two that join at once must not get the same. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Of this minute: of those whose certificate says who they are, and of all others. */
  #refusals = { sinceMs: 0, known: 0, strangers: 0 };
  /** By worker, of this minute. */
  #renewals = { sinceMs: 0, counts: new Map<string, number>() };
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #nextLook: Promise<void> | undefined;

  constructor(deps: EnrolmentsDeps) {
    this.#deps = deps;
  }

  /**
   * The enrolment of whoever shows this certificate. Throws `forbidden` for one that does not count any more, and
   * `not_found` for one that nobody knows: a store that has lost its records may get them back.
   */
  async admit({ workerId, spkiSha256 }: ShownIdentity): Promise<Enrolment> {
    await this.#lookAgainUnless(() => this.#deps.book.get(workerId) !== undefined);
    const enrolment = this.#deps.book.get(workerId);
    if (enrolment === undefined)
      throw new MusterError("not_found", `This fleet knows no worker ${workerId}. ${askAgain}`);
    const reason = this.refusal(workerId);
    if (reason !== undefined) throw new MusterError("forbidden", reason);
    if (enrolment.spkiSha256 === spkiSha256) return enrolment;
    throw new MusterError("forbidden", "This certificate is of another key than the worker joined with.");
  }

  /** Why a worker that has joined does not belong to the fleet any more; undefined: nothing is known against it. */
  refusal(workerId: string): string | undefined {
    const { book, revocations } = this.#deps;
    const enrolment = book.get(workerId);
    if (revocations.has(workerId))
      return `An administrator has revoked the worker "${enrolment?.name ?? workerId}". ${askAgain}`;
    if (enrolment === undefined || this.stateOf(enrolment) === "live") return undefined;
    return `The worker "${enrolment.name}" has not been seen for ${lapseDays} days and does not count any more. ${askAgain}`;
  }

  stateOf(enrolment: Enrolment): EnrolmentState {
    // A record that is damaged counts as well: nobody comes back by it.
    const isRevoked = this.#deps.revocations.has(enrolment.id);
    return enrolmentState(enrolment, { isRevoked, wallMs: this.#deps.clock.wallMs() });
  }

  all(): readonly Enrolment[] {
    return this.#deps.book.all();
  }

  /** Throws `unauthenticated` for a secret that does not count, `invalid_request` for what is no request. */
  async join(asked: {
    readonly secret: Uint8Array;
    readonly request: Uint8Array;
    readonly name: string;
  }): Promise<Enrolled> {
    const { issuer, invites } = this.#deps;
    // First what costs the invitation nothing.
    const { publicKey, spkiSha256 } = await issuer.readRequest(asked.request);
    const invite = await invites.take(asked.secret);
    // Only who has one waits for others: strangers with wrong secrets hold nobody up.
    const turn = this.#turn.then(() => this.#enrol({ invite, publicKey, spkiSha256, name: asked.name }));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #enrol(asked: {
    readonly invite: Invite;
    readonly publicKey: Uint8Array;
    readonly spkiSha256: string;
    readonly name: string;
  }): Promise<Enrolled> {
    const { book, audit, clock, log, newId } = this.#deps;
    const { invite, publicKey, spkiSha256 } = asked;
    const wallMs = clock.wallMs();
    const live = this.all().filter((one) => this.stateOf(one) === "live");
    const wanted = invite.name ?? (isFleetName(asked.name) ? asked.name : "worker");
    const enrolment: Enrolment = {
      ...{ id: newId(), name: freeName(wanted, new Set(live.map(({ name }) => name))), pool: invite.pool },
      ...{ spkiSha256, joinedAtMs: wallMs, lastSeenDay: utcDay(wallMs) },
    };
    const { id, name, pool } = enrolment;
    await book.put(id, enrolment);
    audit.record({ action: "worker.join", actor: `worker:${id}`, target: id, details: { name, pool } });
    log.info({ workerId: id, worker: name, pool }, "worker enrolled");
    return this.#enrolled(enrolment, publicKey);
  }

  /** A new certificate for a key that has joined: whether its last one has ended does not matter. */
  async renew(request: Uint8Array): Promise<Enrolled> {
    const { issuer, book, audit, clock } = this.#deps;
    const { publicKey, spkiSha256 } = await issuer.readRequest(request);
    const find = () => this.all().find((one) => one.spkiSha256 === spkiSha256);
    await this.#lookAgainUnless(() => find() !== undefined);
    const enrolment = find();
    if (enrolment === undefined)
      throw new MusterError("not_found", `This fleet knows no worker with this key. ${askAgain}`);
    const { id, name } = enrolment;
    const reason = this.refusal(id);
    if (reason !== undefined) throw new MusterError("forbidden", reason);
    this.#countRenewal(id);
    const lastSeenDay = utcDay(clock.wallMs());
    if (lastSeenDay !== enrolment.lastSeenDay) await book.put(id, { ...enrolment, lastSeenDay });
    audit.record({ action: "worker.renew", actor: `worker:${id}`, target: id, details: { name } });
    return this.#enrolled(enrolment, publicKey);
  }

  /** Known to every orchestrator within seconds. Throws `not_found`. */
  async revoke(workerId: string, by: string): Promise<Enrolment> {
    const { book, revocations, audit, clock, log } = this.#deps;
    const enrolment = book.get(workerId);
    if (enrolment === undefined) {
      throw new MusterError(
        "not_found",
        `No worker "${workerId.slice(0, 128)}" has joined with an invitation. GET /cluster/v1/enrolments lists those that have.`,
      );
    }
    if (!(await revocations.putIfAbsent(workerId, { revokedAtMs: clock.wallMs() }))) return enrolment;
    const { name } = enrolment;
    audit.record({ action: "worker.revoke", actor: by, target: workerId, details: { name } });
    log.info({ workerId, worker: name }, "worker revoked");
    return enrolment;
  }

  /** Another orchestrator may have let it in a moment ago. Strangers do not have us look more than once a second. */
  async #lookAgainUnless(isKnown: () => boolean): Promise<void> {
    if (isKnown()) return;
    this.#nextLook ??= this.#look();
    await this.#nextLook;
  }

  async #look(): Promise<void> {
    const { book, clock, log } = this.#deps;
    const waitMs = this.#lookedAtMs + lookAgainMs - clock.nowMs();
    await (waitMs > 0 ? new Promise<void>((resolve) => void clock.after(waitMs, resolve)) : undefined);
    // Whoever comes from here on may have joined after this look began.
    this.#nextLook = undefined;
    this.#lookedAtMs = clock.nowMs();
    try {
      await book.refresh();
    } catch (error) {
      log.warn({ error: String(error) }, "enrolments not looked at");
    }
  }

  #countRenewal(workerId: string): void {
    const nowMs = this.#deps.clock.nowMs();
    if (nowMs - this.#renewals.sinceMs > minuteMs) this.#renewals = { sinceMs: nowMs, counts: new Map() };
    const { counts } = this.#renewals;
    const count = (counts.get(workerId) ?? 0) + 1;
    counts.set(workerId, count);
    if (count > maxRenewalsAMinute)
      throw new MusterError("queue_full", "This worker has had many certificates just now: it tries again.");
  }

  /** What somebody tried who may not. */
  noteRefusal(who: string, reason: string): void {
    const { audit, clock } = this.#deps;
    const nowMs = clock.nowMs();
    if (nowMs - this.#refusals.sinceMs > minuteMs)
      this.#refusals = { sinceMs: nowMs, known: 0, strangers: 0 };
    // Strangers do not hide what is done with a certificate.
    const kind = who.startsWith("worker:") ? "known" : "strangers";
    this.#refusals[kind] += 1;
    if (this.#refusals[kind] > maxRefusalsAMinute) return;
    audit.record({
      action: "worker.refuse",
      actor: who,
      target: who,
      details: { reason: reason.slice(0, 200) },
    });
  }

  async #enrolled({ id, name, pool }: Enrolment, publicKey: Uint8Array): Promise<Enrolled> {
    const { authorities } = this.#deps;
    const certificate = await authorities.signWorker(id, publicKey);
    return { workerId: id, name, pool, certificate, authorities: authorities.anchors() };
  }
}

const askAgain = "To lend this machine again, ask for an invitation: muster workers invite.";
