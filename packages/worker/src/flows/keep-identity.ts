import { type Background, backoffMs, type Clock, type Log, MusterError } from "@muster/base";
import { type Identity, renewAtMs, type Validity } from "../core/identity.ts";
import type { Enroller } from "../ports/enroller.ts";
import type { IdentityStore } from "../ports/identity-store.ts";

interface IdentityKeeperDeps {
  readonly identity: Identity;
  readonly store: Pick<IdentityStore, "write">;
  readonly enroller: Pick<Enroller, "renew">;
  readonly validityOf: (certificate: string) => Validity;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly background: Background;
}

const retryBackoff = { baseMs: 30_000, maxMs: 600_000 };
/** When the authorities have changed, workers come within this time, each at a moment of its own. */
const soonMs = 30_000;
/** A certificate that ends within this time is renewed before it is shown. */
const nearEndMs = 60_000;

/** Keeps the certificate of this worker fresh. A new one counts from the next connection on; the open stream stays. */
export class IdentityKeeper {
  readonly #deps: IdentityKeeperDeps;
  #identity: Identity;
  #isDoubted = false;
  #failures = 0;
  #stopTimer: () => void = () => {};
  #isStopped = false;
  #renewing: Promise<void> | undefined;

  constructor(deps: IdentityKeeperDeps) {
    this.#deps = deps;
    this.#identity = deps.identity;
  }

  get current(): Identity {
    return this.#identity;
  }

  start(): void {
    this.#scheduleAt(this.#dueMs());
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
  }

  /** For dialling: renewed first where it has ended, or was not taken. Throws what keeps it from that. */
  async ready(): Promise<Identity> {
    const { validityOf, clock } = this.#deps;
    const { untilMs } = validityOf(this.#identity.certificate);
    if (this.#isDoubted || untilMs - nearEndMs <= clock.wallMs()) await this.#renew();
    return this.#identity;
  }

  doubt(): void {
    this.#isDoubted = true;
  }

  /** The orchestrator has asked for it. */
  renewSoon(): void {
    const { clock, random } = this.#deps;
    this.#scheduleAt(Math.min(this.#dueMs(), clock.wallMs() + random() * soonMs));
  }

  #dueMs(): number {
    const { validityOf, random } = this.#deps;
    return renewAtMs(validityOf(this.#identity.certificate), random);
  }

  #scheduleAt(wallMs: number): void {
    this.#stopTimer();
    if (this.#isStopped) return;
    const { clock, background, random, log } = this.#deps;
    this.#stopTimer = clock.after(Math.max(0, wallMs - clock.wallMs()), () => {
      background.run("identity", async () => {
        try {
          await this.#renew();
          this.#scheduleAt(this.#dueMs());
        } catch (error) {
          const { code, message } = MusterError.from(error);
          log.warn({ code, reason: message }, "certificate not renewed yet");
          this.#scheduleAt(clock.wallMs() + backoffMs(retryBackoff, this.#failures++, random));
        }
      });
    });
  }

  /** One at a time: whoever needs it meanwhile waits for the same. */
  #renew(): Promise<void> {
    this.#renewing ??= this.#renewOnce().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renewOnce(): Promise<void> {
    const { enroller, store, log } = this.#deps;
    const before = this.#identity;
    const renewed = await enroller.renew(before);
    // Whatever the fleet calls it by now: its folder here keeps its name.
    this.#identity = { ...renewed, name: before.name };
    this.#isDoubted = false;
    await store.write(this.#identity);
    this.#failures = 0;
    log.info({ authorities: renewed.authorities.length }, "certificate renewed");
  }
}
