import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { startCluster } from "../../harness/cluster.ts";

/** Inodes of the TCP sockets that listen on this machine. */
function listeningInodes(): Set<string> {
  const listen = "0A";
  const rows = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) =>
    readFileSync(file, "utf8").trim().split("\n").slice(1),
  );
  const fields = rows.map((row) => row.trim().split(/\s+/));
  return new Set(fields.filter(([, , , state]) => state === listen).map((row) => row[9] ?? ""));
}

/** Of a process and all that it has started. */
function socketInodes(pid: number): string[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean);
  const own = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  return [...own, ...children.flatMap((child) => socketInodes(Number(child)))];
}

describe.skipIf(process.platform !== "linux")("a worker", () => {
  it("opens no port, while it serves", async () => {
    const cluster = await startCluster();
    const worker = await cluster.workerProcess("desk");
    const listening = listeningInodes();
    const sockets = socketInodes(worker.pid ?? 0);
    // What this process listens on is seen by the same look.
    expect(socketInodes(process.pid).some((inode) => listening.has(inode))).toBe(true);
    expect(sockets.length).toBeGreaterThan(0);
    expect(sockets.filter((inode) => listening.has(inode))).toEqual([]);
  });
});
