import type { NetworkAddress } from "./mdns-socket.ts";
import { addressOf, isSpokenWith, type OrchestratorNotice } from "./notice.ts";

/** An orchestrator as a person is asked about it. */
export interface FoundOrchestrator {
  readonly name: string;
  readonly version: string;
  /** The address to join it by. */
  readonly address: string;
  readonly needsInvitation: boolean;
  /** It and this build have a protocol in common. */
  readonly isSpokenWith: boolean;
}

/** More are no office. */
const maxFound = 32;

/** One for each orchestrator, by name; of several addresses the one in a network that this machine is in. */
export function foundOrchestrators(
  notices: readonly OrchestratorNotice[],
  own: readonly NetworkAddress[],
): readonly FoundOrchestrator[] {
  const best = new Map<string, OrchestratorNotice>();
  for (const notice of notices) {
    const known = best.get(notice.id);
    if (known === undefined && best.size >= maxFound) continue;
    if (known === undefined || distance(notice.host, own) < distance(known.host, own))
      best.set(notice.id, notice);
  }
  return [...best.values()]
    .map((notice) => ({
      name: notice.name,
      version: notice.version,
      address: addressOf(notice),
      needsInvitation: notice.needsInvitation,
      isSpokenWith: isSpokenWith(notice),
    }))
    .sort((a, b) => a.name.localeCompare(b.name) || (a.address < b.address ? -1 : 1));
}

/** Lower is nearer. */
function distance(host: string, own: readonly NetworkAddress[]): number {
  const bits = bitsOf(host);
  if (bits === undefined) return 3;
  const isNear = own.some((network) => {
    const [address, mask] = [bitsOf(network.address), bitsOf(network.netmask)];
    if (address === undefined || mask === undefined || address.length !== bits.length) return false;
    return bits.every((part, at) => (part & (mask[at] ?? 0)) === ((address[at] ?? 0) & (mask[at] ?? 0)));
  });
  if (isNear) return 0;
  return bits.length === 4 ? 1 : 2;
}

/** The parts of an IP address: 4 of 8 bits, or 8 of 16; undefined for a name. */
function bitsOf(host: string): readonly number[] | undefined {
  const parts = host.split(".");
  if (parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part))) return parts.map(Number);
  const [head = "", tail] = host.split("::");
  const groups = (text: string) =>
    text === "" ? [] : text.split(":").map((part) => Number.parseInt(part, 16));
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const missing = tail === undefined ? 0 : 8 - first.length - last.length;
  if (!host.includes(":") || missing < 0) return undefined;
  const all = [...first, ...Array.from({ length: missing }, () => 0), ...last];
  return all.length === 8 && all.every(Number.isInteger) ? all : undefined;
}
