import { type Background, type Clock, type Log, MusterError } from "@muster/base";
import {
  type Authorities,
  type Authority,
  anchorsOf,
  chainFor,
  clockSkewMs,
  endsAtMs,
  rotated,
  serverCertificateMs,
  servingAuthority,
  signingAuthority,
  trustedAuthorities,
  withoutOldKeys,
  workerCertificateMs,
} from "../../core/trust/authorities.ts";
import type { AuditTrail } from "../../ports/audit-trail.ts";
import type { CertificateIssuer, HostNames } from "../../ports/certificate-issuer.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { CertificatePair } from "../../ports/server-certificates.ts";
import type { TrustFolder } from "../../ports/trust-folder.ts";
import { claimStore } from "./claim-store.ts";

interface AuthorityKeeperDeps {
  readonly folder: TrustFolder;
  /** What the office has brought; undefined: our own, in the folder. */
  readonly brought: Authority | undefined;
  readonly issuer: CertificateIssuer;
  readonly store: ObjectStore;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

/** What the fleet port shows, and whom it believes. PEM. */
export interface ServerIdentity {
  readonly key: string;
  readonly certificate: string;
  /** What it shows beside its own certificate. */
  readonly chain: readonly string[];
  readonly anchors: readonly string[];
}

export interface AuthorityView {
  readonly id: string;
  readonly createdAtMs: number;
  readonly isSigning: boolean;
  readonly isServing: boolean;
  readonly servesFromMs: number;
  /** When it ends; undefined: it goes on. */
  readonly endsAtMs: number | undefined;
  readonly isBrought: boolean;
}

const yearMs = 365 * 86_400_000;
const authorityYears = 10;
const renewAfterMs = (serverCertificateMs * 2) / 3;
/** What another orchestrator has changed in a folder that both share counts here after this time. */
const lookMs = 3_000;

/** Keeps the authorities, and this orchestrator's own certificate, which it renews by itself. */
export class AuthorityKeeper {
  readonly #deps: AuthorityKeeperDeps;
  #all: Authorities | undefined;
  #identity: (ServerIdentity & { readonly madeBy: string; readonly renewAtMs: number }) | undefined;
  /** What lies in the folder for clients. */
  #published = "";
  /** Whether the store and our workers have still to be told of a change. */
  #isNews = false;
  #stopTimer: () => void = () => {};
  #isStopped = false;
  /** What reads the folder and then changes it: one after the other, or what one has made is lost. */
  #turn: Promise<unknown> = Promise.resolve();
  #onIdentity: (identity: ServerIdentity) => void = () => {};
  #onAuthorities: () => void = () => {};

  constructor(deps: AuthorityKeeperDeps) {
    this.#deps = deps;
  }

  /** Makes an authority where there is none. Throws where the object store belongs to the fleet of another. */
  async start(): Promise<void> {
    const { folder, brought } = this.#deps;
    if (brought !== undefined) this.#all = [brought];
    else {
      let all = await folder.read();
      if (all === undefined) {
        const made = await this.#make(undefined, 0);
        all = (await folder.create([made])) ? [made] : await folder.read();
        if (all?.[0].id === made.id) this.#deps.log.info({ authority: made.id }, "authority made");
      }
      this.#all = all;
    }
    await this.#claim();
    await this.#refreshIdentity();
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
  }

  /** Called once: who shows the certificate, and who is told when the authorities have changed. */
  notify(to: {
    readonly onIdentity: (identity: ServerIdentity) => void;
    readonly onAuthorities: () => void;
  }): void {
    this.#onIdentity = to.onIdentity;
    this.#onAuthorities = to.onAuthorities;
  }

  identity(): ServerIdentity {
    if (this.#identity === undefined) throw new Error("the authorities have not been started");
    return this.#identity;
  }

  /** What an invitation pins: whoever dials now finds it in what the fleet port shows. */
  pin(): Uint8Array {
    return Buffer.from(servingAuthority(this.#known(), this.#nowMs()).id, "base64url");
  }

  /** PEM: whom workers shall believe from now on. */
  anchors(): readonly string[] {
    return anchorsOf(trustedAuthorities(this.#known(), this.#nowMs()));
  }

  /** The one whose certificates are shown now. */
  serving(): Pick<Authority, "certificate"> {
    return servingAuthority(this.#known(), this.#nowMs());
  }

  /** Whose certificates are shown now. */
  servingId(): string {
    return servingAuthority(this.#known(), this.#nowMs()).id;
  }

  /** A certificate for clients of a host, with what they need to follow it to an authority that they know. */
  async signHost(host: HostNames, lifeMs: number): Promise<CertificatePair> {
    const all = this.#known();
    const nowMs = this.#nowMs();
    const serving = servingAuthority(all, nowMs);
    const validity = { fromMs: nowMs - clockSkewMs, untilMs: nowMs + lifeMs };
    const { certificate, key } = await this.#deps.issuer.issueServer(serving, validity, host);
    return { cert: [certificate, ...chainFor(all, serving)].map((text) => text.trim()).join("\n"), key };
  }

  signWorker(id: string, publicKey: Uint8Array): Promise<string> {
    const nowMs = this.#nowMs();
    const validity = { fromMs: nowMs - clockSkewMs, untilMs: nowMs + workerCertificateMs };
    return this.#deps.issuer.issueWorker(signingAuthority(this.#known()), { id, publicKey, validity });
  }

  view(): readonly AuthorityView[] {
    const all = this.#known();
    const nowMs = this.#nowMs();
    return trustedAuthorities(all, nowMs).map((one) => ({
      ...{ id: one.id, createdAtMs: one.createdAtMs, servesFromMs: one.servesFromMs },
      isSigning: one.id === signingAuthority(all).id,
      isServing: one.id === servingAuthority(all, nowMs).id,
      endsAtMs: endsAtMs(all, one),
      isBrought: this.#deps.brought !== undefined,
    }));
  }

  /** Throws `invalid_request` while an earlier change goes on, and where the office has brought its authority. */
  rotate(overlapMs: number, by: string): Promise<void> {
    return this.#inTurn(() => this.#rotate(overlapMs, by));
  }

  async #rotate(overlapMs: number, by: string): Promise<void> {
    const { folder, brought, audit, log } = this.#deps;
    if (brought !== undefined) {
      throw new MusterError(
        "invalid_request",
        "The office brings this authority (MUSTER_CA_CERT): make the next one there, change the files, and restart the orchestrators one after the other.",
      );
    }
    await this.#look();
    const all = this.#known();
    const [leaving, ...others] = trustedAuthorities(all, this.#nowMs());
    if (leaving !== undefined && others.length > 0) {
      const until = new Date(endsAtMs(all, leaving) ?? 0).toISOString();
      const message = `An earlier change goes on until ${until}: machines that have been off still need the authority that leaves then.`;
      throw new MusterError("invalid_request", message);
    }
    const next = await this.#make(signingAuthority(all), overlapMs);
    const changed = rotated(all, next);
    await folder.replace(changed);
    audit.record({ action: "authority.rotate", actor: by, target: next.id, details: { overlapMs } });
    log.info({ authority: next.id, overlapMs }, "authority rotated");
    await this.#apply(changed);
  }

  #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #make(before: Authority | undefined, overlapMs: number): Promise<Authority> {
    const nowMs = this.#nowMs();
    const validity = { fromMs: nowMs - clockSkewMs, untilMs: nowMs + authorityYears * yearMs };
    const made = await this.#deps.issuer.makeAuthority(validity, before);
    return { ...made, parents: [], createdAtMs: nowMs, servesFromMs: nowMs + overlapMs };
  }

  async #look(): Promise<void> {
    const { folder, brought } = this.#deps;
    if (brought !== undefined) return;
    const read = await folder.read();
    if (read === undefined) return;
    const tidy = withoutOldKeys(read, this.#nowMs());
    if (tidy !== read) await folder.replace(tidy);
    await this.#apply(tidy);
  }

  async #apply(all: Authorities): Promise<void> {
    const hasChanged =
      JSON.stringify(all.map(({ id }) => id)) !== JSON.stringify(this.#all?.map(({ id }) => id));
    this.#all = all;
    this.#isNews ||= hasChanged;
    await this.#refreshIdentity();
    if (!this.#isNews) return;
    await this.#claim();
    this.#isNews = false;
    this.#onAuthorities();
  }

  #claim(): Promise<void> {
    const ids = trustedAuthorities(this.#known(), this.#nowMs()).map(({ id }) => id);
    return claimStore(this.#deps.store, ids);
  }

  /** A new certificate where ours ends soon, or another authority has become the one to show. */
  async #refreshIdentity(): Promise<void> {
    const { issuer, log } = this.#deps;
    const all = this.#known();
    const nowMs = this.#nowMs();
    const serving = servingAuthority(all, nowMs);
    const anchors = this.anchors();
    const madeBy = [serving.id, ...anchors].join(" ");
    const { madeBy: before, renewAtMs: untilMs = 0 } = this.#identity ?? {};
    // One that was made while the clock was ahead does not count for others yet.
    const isOfNow = nowMs < untilMs && nowMs > untilMs - renewAfterMs - clockSkewMs / 2;
    if (before === madeBy && isOfNow) return await this.#publish();
    const made = await issuer.issueServer(serving, {
      ...{ fromMs: nowMs - clockSkewMs, untilMs: nowMs + serverCertificateMs },
    });
    const renewAtMs = nowMs + renewAfterMs;
    this.#identity = { ...made, chain: chainFor(all, serving), anchors, madeBy, renewAtMs };
    log.info({ authority: serving.id }, "the fleet port has a new certificate");
    this.#onIdentity(this.#identity);
    // Last: on a full disk the port goes on all the same.
    await this.#publish();
  }

  async #publish(): Promise<void> {
    const anchors = this.anchors();
    const text = anchors.join(" ");
    if (text === this.#published) return;
    await this.#deps.folder.publish(anchors);
    this.#published = text;
  }

  #known(): Authorities {
    if (this.#all === undefined) throw new Error("the authorities have not been started");
    return this.#all;
  }

  #nowMs(): number {
    return this.#deps.clock.wallMs();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    const { clock, background, log } = this.#deps;
    this.#stopTimer = clock.after(lookMs, () => {
      background.run("authorities", async () => {
        await this.#inTurn(async () => {
          // A folder that cannot be read or written must not let the certificate end.
          for (const step of [() => this.#look(), () => this.#refreshIdentity()]) {
            try {
              await step();
            } catch (error) {
              log.error({ error: String(error) }, "the authorities could not be looked at");
            }
          }
        });
        this.#schedule();
      });
    });
  }
}
