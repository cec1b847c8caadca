import { type LookupAddress, lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { addressKind } from "../pure/host-address.ts";
import { type HostRule, mayConnect, ruleFor } from "../pure/host-rule.ts";

/** How names become addresses. */
export type ResolveHost = (
  host: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

/** Where requests that others have named may go. */
export interface Reach {
  /** Hosts that the configuration names. */
  readonly rules: readonly HostRule[];
  /** The system's way unless a test has another. */
  readonly resolve?: ResolveHost;
}

/** This machine by definition (RFC 6761): not worth a lookup. */
const ownName = /(?:^|\.)localhost\.?$/;

/** An address, or a name that leads only to such ones, that is not connected to. */
export class RefusedHost extends Error {
  override readonly name = "RefusedHost";
  /** As a rule that allows it would have it. */
  readonly host: string;

  constructor(host: string) {
    super(`its host ${host} leads to an address that is not to be connected to`);
    this.host = host;
  }
}

/**
 * What looks a URL's host up for `http.request`: once, and it gives only addresses that may be connected to, so that the
 * one that was checked is the one that is used. Throws RefusedHost where the URL itself says that it
 * may not be.
 */
export function checkedLookup(url: URL, reach: Reach): LookupFunction {
  const host = (url.port === "" ? url.hostname : url.host).slice(0, 256);
  const rule = ruleFor(reach.rules, url);
  const isAddress = addressKind(url.hostname) !== undefined;
  if (isAddress ? !mayConnect(url.hostname, rule) : rule === undefined && ownName.test(url.hostname))
    throw new RefusedHost(host);
  const resolve = reach.resolve ?? resolveAll;
  return (name, options, done) => {
    resolve(name, (error, addresses) => {
      if (error !== null) return done(error, []);
      const family = options.family === 4 || options.family === 6 ? options.family : undefined;
      const open = addresses.filter(
        (found) => (family === undefined || found.family === family) && mayConnect(found.address, rule),
      );
      const [first] = open;
      if (first === undefined) return done(new RefusedHost(host), []);
      if (options.all === true) done(null, [...open]);
      else done(null, first.address, first.family);
    });
  };
}

function resolveAll(...[host, done]: Parameters<ResolveHost>): void {
  systemLookup(host, { all: true }, done);
}
