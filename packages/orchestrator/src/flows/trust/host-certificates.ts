import type { Background, Clock, Log } from "@muster/base";
import { clockSkewMs } from "../../core/trust/authorities.ts";
import type { HostNames } from "../../ports/certificate-issuer.ts";
import type { ServerCertificates } from "../../ports/server-certificates.ts";
import type { AuthorityKeeper } from "./authority-keeper.ts";
import { ShownCertificates } from "./shown-certificates.ts";

interface HostCertificatesDeps {
  readonly authorities: Pick<AuthorityKeeper, "servingId" | "signHost">;
  readonly host: HostNames;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

const dayMs = 86_400_000;
/** Browsers refuse certificates that count for long; ours are made anew by themselves. */
const lifeMs = 30 * dayMs;
const renewAfterMs = 20 * dayMs;
const lookMs = 60_000;

/** What the listeners for clients show where Muster's own authority vouches for them. */
export async function openHostCertificates(deps: HostCertificatesDeps): Promise<ServerCertificates> {
  const { authorities, host, clock, log, background } = deps;
  let madeAtMs = clock.wallMs();
  let madeBy = authorities.servingId();
  let isClosed = false;
  let stop: () => void = () => {};
  const shown = new ShownCertificates(await authorities.signHost(host, lifeMs), () => {
    isClosed = true;
    stop();
  });

  const look = async (): Promise<void> => {
    const serving = authorities.servingId();
    const ageMs = clock.wallMs() - madeAtMs;
    // One that was made while the clock was ahead does not count for others yet.
    if (serving !== madeBy || ageMs >= renewAfterMs || ageMs < -clockSkewMs / 2) {
      const pair = await authorities.signHost(host, lifeMs);
      madeAtMs = clock.wallMs();
      madeBy = serving;
      log.info({ authority: serving }, "clients are shown a new certificate");
      shown.show(pair);
    }
  };
  const schedule = (): void => {
    if (isClosed) return;
    stop = clock.after(lookMs, () =>
      background.run("host-certificate", async () => {
        try {
          await look();
        } catch (error) {
          log.error({ error: String(error) }, "no new certificate for clients");
        }
        schedule();
      }),
    );
  };
  schedule();
  return shown;
}
