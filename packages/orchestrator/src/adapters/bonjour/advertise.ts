import { isIP } from "node:net";
import type { Log } from "@muster/base";
import {
  discoveryType,
  multicastAddresses,
  type NetworkAddress,
  networkAddresses,
  noticeToTxt,
  openMdnsSocket,
  protocolVersions,
} from "@muster/proto";
import { Bonjour } from "bonjour-service";
import type { Advertised, Advertiser } from "../../ports/advertiser.ts";

const goodbyeMs = 500;
/** Of one label of a DNS name. */
const maxLabelLength = 63;

/** Advertises by multicast DNS, in every network that the fleet port can be reached from. */
export function createBonjourAdvertiser(options: {
  readonly log: Log;
  /** For tests: other than all networks, and another port than that of multicast DNS. */
  readonly networks?: readonly NetworkAddress[];
  readonly mdnsPort?: number;
}): Advertiser {
  const { log, mdnsPort } = options;
  const open: Bonjour[] = [];

  const advertise = async (notice: Advertised, network: NetworkAddress) => {
    const bonjour = new Bonjour(await openMdnsSocket(network.address, mdnsPort), (error: Error) =>
      log.debug({ network: network.name, error: error.message }, "advertising failed"),
    );
    open.push(bonjour);
    const host = notice.host ?? network.address;
    bonjour.publish({
      // One name for each address: the same name with two addresses would be one of them at a time.
      name: `${notice.name} ${host.replaceAll(/[.:]/g, "-")}`.slice(-maxLabelLength).trim(),
      type: discoveryType,
      port: notice.port,
      // The name is ours alone, and a library that asks first writes to the console.
      probe: false,
      txt: noticeToTxt({ ...notice, host, protocols: protocolVersions }),
    });
  };

  return {
    async start(notice) {
      for (const network of networksOf(notice.host, options.networks)) {
        try {
          await advertise(notice, network);
        } catch (error) {
          log.warn({ network: network.name, error: String(error) }, "cannot be found by workers there");
        }
      }
      log.info({ networks: open.length, name: notice.name }, "can be found by workers on the network");
    },
    async close() {
      await Promise.all(open.splice(0).map(sayGoodbye));
    },
  };
}

/** That of an address, or all of them. */
function networksOf(
  host: string | undefined,
  given: readonly NetworkAddress[] | undefined,
): readonly NetworkAddress[] {
  if (given !== undefined) return given;
  if (host === undefined || isIP(host) === 0) return multicastAddresses();
  const name = networkAddresses().find(({ address }) => address === host)?.name;
  return multicastAddresses().filter((network) => network.name === name);
}

async function sayGoodbye(bonjour: Bonjour): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, goodbyeMs);
    bonjour.unpublishAll(() => {
      clearTimeout(timer);
      resolve();
    });
  });
  await new Promise<void>((resolve) => bonjour.destroy(() => resolve()));
}
