import { execFileSync } from "node:child_process";

/** Two machines in one network: network namespaces of Linux with a cable between them. */
export interface OfficeNetwork {
  /** What is put before a command to run it on a machine. */
  readonly on: (machine: 0 | 1) => readonly string[];
  readonly addresses: readonly [string, string];
  remove(): void;
}

let networks = 0;

/** Undefined where this system or this user cannot make one: it takes `ip`, and root. */
export function officeNetwork(): OfficeNetwork | undefined {
  const id = `${process.pid}-${++networks}`;
  const names = [`muster-${id}-0`, `muster-${id}-1`] as const;
  const addresses = ["10.77.0.1", "10.77.0.2"] as const;
  const ip = (...args: readonly string[]) => execFileSync("ip", args, { stdio: "ignore" });
  const remove = () => {
    for (const name of names) {
      try {
        ip("netns", "del", name);
      } catch {
        // It was never made.
      }
    }
  };
  try {
    for (const name of names) ip("netns", "add", name);
    const ends = names.map((_name, at) => `mst${process.pid % 100_000}${networks}${at}`);
    ip("link", "add", ends[0] ?? "", "type", "veth", "peer", "name", ends[1] ?? "");
    for (const [at, name] of names.entries()) {
      const end = ends[at] ?? "";
      ip("link", "set", end, "netns", name);
      ip("-n", name, "addr", "add", `${addresses[at]}/24`, "dev", end);
      ip("-n", name, "link", "set", end, "up");
      ip("-n", name, "link", "set", "lo", "up");
    }
  } catch {
    remove();
    return undefined;
  }
  return { on: (machine) => ["ip", "netns", "exec", names[machine]], addresses, remove };
}
