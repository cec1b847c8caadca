import { printableName } from "@muster/base";
import { protocolVersions } from "../protocol.ts";

/** What an orchestrator tells the network of itself: nothing secret, for anybody there may read it. */
export interface OrchestratorNotice {
  /** Made anew with each start: tells that two addresses are of one orchestrator. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Of Muster. */
  readonly version: string;
  /** An IP address or a host name. */
  readonly host: string;
  /** That workers dial. */
  readonly port: number;
  readonly protocols: { readonly min: number; readonly max: number };
  /** Whether it lets only workers in that have joined with an invitation. */
  readonly needsInvitation: boolean;
}

/** `_muster._tcp`, as DNS-SD writes it. */
export const discoveryType = "muster";

const maxNameLength = 63;
const maxVersionLength = 32;
const hostPattern = /^[A-Za-z0-9._:-]{1,253}$/;

/** The TXT record; the port is in the SRV record. */
export function noticeToTxt(notice: Omit<OrchestratorNotice, "port">): Record<string, string> {
  const { id, name, version, host, protocols, needsInvitation } = notice;
  return {
    id,
    name: printableName(name, maxNameLength),
    version,
    host,
    protocols: `${protocols.min}-${protocols.max}`,
    join: needsInvitation ? "invitation" : "open",
  };
}

/**
 * Reads what somebody on the network has sent. Undefined for what is no notice; what is left is safe to show: short,
 * without control characters, with a host that is a host.
 */
export function noticeFromTxt(txt: unknown, port: unknown): OrchestratorNotice | undefined {
  if (typeof txt !== "object" || txt === null) return undefined;
  const field = (name: string) => {
    const value: unknown = Object.hasOwn(txt, name) ? Reflect.get(txt, name) : undefined;
    return typeof value === "string" ? value : "";
  };
  const host = field("host");
  const isPort = typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536;
  const [, min, max] = /^(\d{1,4})-(\d{1,4})$/.exec(field("protocols")) ?? [];
  if (!isPort || !hostPattern.test(host) || min === undefined || max === undefined) return undefined;
  return {
    id: printableName(field("id"), maxNameLength) || host,
    name: printableName(field("name"), maxNameLength) || host,
    version: printableName(field("version"), maxVersionLength),
    host,
    port,
    protocols: { min: Number(min), max: Number(max) },
    needsInvitation: field("join") !== "open",
  };
}

/** Whether a worker of this build could speak with it. */
export function isSpokenWith({ protocols }: Pick<OrchestratorNotice, "protocols">): boolean {
  return protocols.min <= protocolVersions.max && protocols.max >= protocolVersions.min;
}

/** As `host:port`, in the way that `--join` takes it. */
export function addressOf({ host, port }: Pick<OrchestratorNotice, "host" | "port">): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
