import { type Background, type Clock, isLoopbackHost, type Log, MusterError } from "@muster/base";
import { parseInvitation } from "@muster/proto";
import { createIdentityFolder } from "./adapters/disk/identity-folder.ts";
import { createGrpcEnroller } from "./adapters/grpc/enroller.ts";
import { certificateRequest, makeKey } from "./adapters/tls/certificate-request.ts";
import { checkPinned, pinnedAuthority } from "./adapters/tls/pinned-authority.ts";
import { validityOf } from "./adapters/tls/validity.ts";
import type { WorkerConfig } from "./config.ts";
import type { Identity } from "./core/identity.ts";
import { IdentityKeeper } from "./flows/keep-identity.ts";
import type { IdentityStore } from "./ports/identity-store.ts";
import { version } from "./version.ts";

const enroller = createGrpcEnroller({ makeKey, certificateRequest, pinnedAuthority, checkPinned });

/** What a person may know of an identity. */
export type JoinedAs = Pick<Identity, "workerId" | "name" | "pool" | "address">;

/** Makes this machine a worker of the fleet that the line invites to. Throws MusterError with what is wrong. */
export async function joinFleet(
  line: string,
  as: { readonly dataDirectory: string; readonly name: string },
): Promise<JoinedAs> {
  const invitation = parseInvitation(line);
  if (invitation === undefined) {
    throw new MusterError(
      "invalid_request",
      "That is no invitation: it looks like muster://host:port#<pin>.<secret>. Paste the whole line, in quotes: a shell takes what follows # for a comment where a space is before it.",
    );
  }
  const store = createIdentityFolder(as.dataDirectory);
  const joined = await enroller.join(invitation, { name: as.name, version });
  const identity = { ...joined, name: await nameHere(joined, store) };
  await store.write(identity);
  return identity;
}

/** As the fleet calls it, or with a number behind it where this machine is a worker of that name of another fleet. */
async function nameHere(joined: Identity, store: IdentityStore): Promise<string> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? joined.name : `${joined.name.slice(0, 60)}-${number}`;
    // One that cannot be read is of no use to anybody.
    const there = await store.read(name).catch(() => undefined);
    const isOther =
      there !== undefined &&
      there.address !== joined.address &&
      !there.authorities.some((one) => joined.authorities.includes(one));
    if (!isOther) return name;
  }
}

/** The fleets' workers that this machine is, in this data directory. */
export async function readJoined(dataDirectory: string): Promise<readonly JoinedAs[]> {
  const folder = createIdentityFolder(dataDirectory);
  const identities = await Promise.all((await folder.names()).map((name) => folder.read(name)));
  return identities.filter((one) => one !== undefined);
}

/** Undefined where the orchestrator is on this machine's loopback. Throws where it is not, and this machine has not joined. */
export async function openIdentity(
  config: WorkerConfig,
  deps: { readonly background: Background; readonly clock: Clock; readonly log: Log },
): Promise<IdentityKeeper | undefined> {
  const { orchestrator: address, dataDirectory, name } = config;
  const store = createIdentityFolder(dataDirectory);
  const identity = await store.read(name);
  if (identity !== undefined) {
    return new IdentityKeeper({
      ...{ identity: { ...identity, address }, store, enroller, validityOf, random: Math.random },
      ...deps,
    });
  }
  if (isLoopbackHost(address.slice(0, address.lastIndexOf(":")))) return undefined;
  throw new MusterError(
    "unauthenticated",
    `The worker "${name}" has not joined a fleet, and ${address} is another machine: it is told nothing. Ask an administrator for an invitation (muster workers invite --pool desks), and paste the line that it prints here.`,
  );
}
