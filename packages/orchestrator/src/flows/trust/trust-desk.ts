import type { Background, Clock } from "@muster/base";
import type { Enrolment, EnrolmentState } from "../../core/trust/enrolment.ts";
import type { AuditTrail } from "../../ports/audit-trail.ts";
import type { AuthorityKeeper, AuthorityView } from "./authority-keeper.ts";
import type { Enrolments } from "./enrolments.ts";
import type { Invites } from "./invites.ts";

interface TrustDeskDeps {
  readonly authorities: AuthorityKeeper;
  readonly enrolments: Enrolments;
  readonly invites: Invites;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly background: Background;
  /** `host:port` that workers can dial. */
  readonly address: () => string;
  /** The line that somebody pastes. */
  readonly lineOf: (invitation: {
    readonly address: string;
    readonly pin: Uint8Array;
    readonly secret: Uint8Array;
  }) => string;
}

export interface InviteWish {
  readonly pool: string;
  readonly name: string | undefined;
  readonly count: number;
  readonly forMs: number;
  /** Instead of the address that we know. */
  readonly address: string | undefined;
}

export interface EnrolmentView extends Enrolment {
  readonly state: EnrolmentState;
}

/** What administrators do about who belongs to the fleet. `by`: who they are. */
export class TrustDesk {
  readonly #deps: TrustDeskDeps;

  constructor(deps: TrustDeskDeps) {
    this.#deps = deps;
  }

  async invite(
    wish: InviteWish,
    by: string,
  ): Promise<{ readonly lines: readonly string[]; readonly expiresAtMs: number }> {
    const { authorities, invites, audit, clock, background, address, lineOf } = this.#deps;
    const { pool, name, count } = wish;
    const expiresAtMs = clock.wallMs() + wish.forMs;
    const secrets: Uint8Array[] = [];
    for (let made = 0; made < count; made++) secrets.push(await invites.make({ pool, name, expiresAtMs }));
    audit.record({
      action: "worker.invite",
      actor: by,
      target: pool,
      details: { count, ...(name && { name }) },
    });
    background.run("invites", () => invites.tidy());
    const to = wish.address ?? address();
    const pin = authorities.pin();
    return { lines: secrets.map((secret) => lineOf({ address: to, pin, secret })), expiresAtMs };
  }

  enrolments(): readonly EnrolmentView[] {
    const { enrolments } = this.#deps;
    return enrolments.all().map((one) => ({ ...one, state: enrolments.stateOf(one) }));
  }

  async revoke(workerId: string, by: string): Promise<EnrolmentView> {
    const enrolment = await this.#deps.enrolments.revoke(workerId, by);
    return { ...enrolment, state: this.#deps.enrolments.stateOf(enrolment) };
  }

  authorities(): readonly AuthorityView[] {
    return this.#deps.authorities.view();
  }

  async rotate(overlapMs: number, by: string): Promise<readonly AuthorityView[]> {
    await this.#deps.authorities.rotate(overlapMs, by);
    return this.#deps.authorities.view();
  }
}
