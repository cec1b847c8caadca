import type { MirrorFetch, MirrorStatus } from "@muster/sdk";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import type { CommandIo } from "../command-io.ts";
import { formatBytes, formatDuration } from "../format.ts";
import { runClientCommand } from "../run-client-command.ts";
import { type Cell, renderTable, tableStyle } from "../table.ts";

interface DiskFlags extends ClientFlags {
  readonly json?: boolean;
}

/** `muster models disk`: which model files are where, how large, and when they were used. */
export function modelsDiskCommand(io: CommandIo): Command {
  return withClientOptions(new Command("disk"))
    .description("list the model files on the orchestrator's disk and on the workers'")
    .option("--json", "print as JSON")
    .action((_flags: DiskFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        const flags = command.optsWithGlobals<DiskFlags>();
        const status = await createClient(flags, io).mirror.retrieve({ signal, maxRetries: 0 });
        if (flags.json) {
          io.stdout.write(`${JSON.stringify(status, undefined, 2)}\n`);
          return;
        }
        const rows = diskRows(status, Date.now());
        if (rows.length > 1) io.stdout.write(`${renderTable(rows, tableStyle(io))}\n\n`);
        else io.stdout.write("No model file is kept anywhere. `muster models pull <model>` gets one.\n");
        io.stdout.write(`${spaceLine(status)}\n`);
      }),
    );
}

function diskRows(status: MirrorStatus, wallMs: number): Cell[][] {
  const ago = (seconds: number | null) =>
    seconds === null ? "-" : `${formatDuration(Math.max(0, wallMs - seconds * 1000))} ago`;
  const mirror = status.files.map(({ uri, bytes, last_used_at, pinned, in_use }) => [
    ...["mirror", uri, formatBytes(bytes), ago(last_used_at)],
    [pinned ? "pinned" : "", in_use ? "in use" : ""].filter((note) => note !== "").join(", "),
  ]);
  const workers = status.workers.flatMap(({ name, files, fetching = [] }) => [
    ...(files ?? []).map(({ uri, bytes, last_used_at }) => [
      name,
      uri,
      formatBytes(bytes),
      ago(last_used_at),
      "",
    ]),
    ...fetching.map((file) => fetchRow(name, file)),
  ]);
  const head = ["where", "file", "size", "used", ""];
  return [head, ...mirror, ...status.fetching.map((file) => fetchRow("mirror", file)), ...workers];
}

function fetchRow(where: string, { uri, done_bytes, total_bytes, error }: MirrorFetch): Cell[] {
  const size = total_bytes === null ? formatBytes(done_bytes) : formatBytes(total_bytes);
  if (error !== null) return [where, uri, size, "-", { text: `failed: ${error}`, colour: "red" }];
  const share = total_bytes ? ` ${Math.floor((done_bytes / total_bytes) * 100)} %` : "";
  return [where, uri, size, "-", { text: `coming${share}`, colour: "yellow" }];
}

function spaceLine({ used_bytes, budget_bytes, free_disk_bytes }: MirrorStatus): string {
  const budget = budget_bytes === null ? "" : ` of ${formatBytes(budget_bytes)}`;
  return `The mirror takes ${formatBytes(used_bytes)}${budget}; its disk has ${formatBytes(free_disk_bytes)} free.`;
}
