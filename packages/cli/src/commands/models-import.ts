import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { MusterError, printableText } from "@muster/base";
import type { Muster } from "@muster/sdk";
import { Command } from "commander";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import { type CommandIo, exitCodes } from "../command-io.ts";
import { formatBytes } from "../format.ts";
import { createByteDisplay } from "../mirror-progress.ts";
import { runClientCommand } from "../run-client-command.ts";

/** Files that one folder is looked through for. */
const maxFiles = 10_000;

/** `muster models import`: files from this machine into the office mirror, where no hub can be reached. */
export function modelsImportCommand(io: CommandIo): Command {
  return withClientOptions(new Command("import"))
    .description("put GGUF files of this machine into the orchestrator's mirror: no hub is needed")
    .argument("<path...>", "files, or folders with files in them")
    .action((paths: readonly string[], _flags: ClientFlags, command: Command) =>
      runClientCommand(io, async (signal) => {
        const client = createClient(command.optsWithGlobals<ClientFlags>(), io);
        const files = (await Promise.all(paths.map(modelFilesAt))).flat();
        if (files.length === 0)
          throw new MusterError("invalid_request", `There is no .gguf file in ${paths.join(", ")}.`);
        let failures = 0;
        for (const path of files) {
          const problem = await importFile(client, path, { io, signal });
          if (problem === undefined) continue;
          failures += 1;
          io.stderr.write(`${printableText(path)}: ${printableText(problem)}\n`);
        }
        if (failures > 0) io.setExitCode(exitCodes.failure);
      }),
    );
}

/** Sends one file, unless its content is there; gives what is wrong with the file, if anything is. */
async function importFile(
  client: Muster,
  path: string,
  { io, signal }: { readonly io: CommandIo; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const { hashFile, readGgufFile } = await import("@muster/models");
  const broken = await readGgufFile(path).then(
    () => undefined,
    (error: unknown) => MusterError.from(error).message,
  );
  if (broken !== undefined) return broken;
  const hashed = await hashFile(path, signal);
  if (hashed === undefined) return "it has gone";
  const { bytes, sha256 } = hashed;
  // As a `local:` URI can have it.
  const name = basename(path).replace(/[^A-Za-z0-9._+-]+/g, "-");
  const there = (await client.mirror.retrieve({ signal })).files.find((file) => file.sha256 === sha256);
  if (there !== undefined) {
    io.stdout.write(`${printableText(path)}: there already, as ${printableText(there.uri)}\n`);
    return undefined;
  }
  const display = createByteDisplay(io);
  try {
    const file = counted(createReadStream(path, { highWaterMark: 256 * 1024, signal }), (doneBytes) =>
      display.show(name, { doneBytes, totalBytes: bytes }),
    );
    const taken = await client.mirror.upload({ file, name, bytes, sha256 }, { signal });
    display.end();
    io.stdout.write(`${printableText(path)}: ${formatBytes(bytes)}, kept as ${printableText(taken.uri)}\n`);
    return undefined;
  } finally {
    display.end();
  }
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: (doneBytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  let doneBytes = 0;
  for await (const chunk of chunks) {
    yield chunk;
    doneBytes += chunk.length;
    onBytes(doneBytes);
  }
}

/** The file itself, or the GGUF files under a folder, sorted. Throws `invalid_request` for what is not there. */
async function modelFilesAt(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new MusterError("invalid_request", `${path} cannot be read: ${MusterError.from(cause).message}.`, {
      cause,
    });
  });
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.gguf$/i.test(entry.name))
    .slice(0, maxFiles)
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
