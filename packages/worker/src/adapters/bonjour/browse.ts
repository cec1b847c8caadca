import {
  discoveryType,
  multicastAddresses,
  type NetworkAddress,
  noticeFromTxt,
  type OrchestratorNotice,
  openMdnsSocket,
} from "@muster/proto";
import { Bonjour } from "bonjour-service";

/** Questions get lost: it is asked again after this part of the time. */
const askAgainShare = 0.3;
/** A network full of notices is somebody's bad joke. */
const maxNotices = 256;

/**
 * The orchestrators that answer by multicast DNS within a time. Nothing is sent but the question who is there. Networks
 * that cannot be asked count as empty.
 */
export async function browseOrchestrators(options: {
  readonly forMs: number;
  /** For tests: other than all networks, and another port than that of multicast DNS. */
  readonly networks?: readonly NetworkAddress[];
  readonly mdnsPort?: number;
}): Promise<readonly OrchestratorNotice[]> {
  const { forMs, networks = multicastAddresses(), mdnsPort } = options;
  const found = await Promise.all(networks.map(({ address }) => browseIn(address, forMs, mdnsPort)));
  return found.flat().slice(0, maxNotices);
}

async function browseIn(
  address: string,
  forMs: number,
  mdnsPort: number | undefined,
): Promise<readonly OrchestratorNotice[]> {
  let bonjour: Bonjour;
  try {
    bonjour = new Bonjour(await openMdnsSocket(address, mdnsPort), () => {});
  } catch {
    return [];
  }
  const browser = bonjour.find({ type: discoveryType });
  const again = setTimeout(() => browser.update(), askAgainShare * forMs);
  await new Promise((resolve) => setTimeout(resolve, forMs));
  clearTimeout(again);
  browser.stop();
  await new Promise<void>((resolve) => bonjour.destroy(() => resolve()));
  return browser.services.flatMap(({ txt, port }) => noticeFromTxt(txt, port) ?? []);
}
