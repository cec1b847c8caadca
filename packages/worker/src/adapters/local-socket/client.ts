import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { MusterError } from "@muster/base";
import type { LocalAnswer, LocalCommand, LocalStatus } from "../../core/local-command.ts";
import { controlAddress } from "./address.ts";
import { controlKeyPath, isProof, newNonce, readControlKey } from "./control-key.ts";

const answerMs = 10_000;

interface Place {
  readonly address: string;
  readonly keyPath: string;
}

/** Undefined: nobody listens there. Throws MusterError where the worker refuses, or does not answer. */
async function askAddress(place: Place, command: LocalCommand): Promise<LocalStatus | undefined> {
  const { address, keyPath } = place;
  const nonce = newNonce();
  const line = await exchange(address, `${nonce} ${JSON.stringify(command)}`);
  if (line === undefined) return undefined;
  const key = await readControlKey(keyPath);
  const [, proof = "", answered = ""] = /^([\da-f]{64}) (.*)$/.exec(line) ?? [];
  if (key === undefined || !isProof(proof, key, { nonce, answer: answered })) throw impostor(address);
  const answer = JSON.parse(answered) as LocalAnswer;
  if (answer.kind === "refused") throw new MusterError("invalid_request", answer.message);
  return answer.status;
}

/**
 * Asks the worker of this machine that `name` names, or the only one that runs; gives its status after the command.
 * Throws MusterError `not_found` where none runs, `invalid_request` where several do.
 */
export async function askWorker(
  command: LocalCommand,
  where: { readonly dataDirectory: string; readonly name: string | undefined },
): Promise<LocalStatus> {
  const { dataDirectory, name } = where;
  // A worker of `muster up` has a folder of its own.
  const folders = [dataDirectory, join(dataDirectory, "up")];
  const names = await Promise.all(folders.map((folder) => (name === undefined ? namesIn(folder) : [name])));
  const places = folders.flatMap((folder, at) =>
    (names[at] ?? []).map((each) => ({
      address: controlAddress(folder, each),
      keyPath: controlKeyPath(folder, each),
    })),
  );
  const found: { readonly place: Place; readonly status: LocalStatus }[] = [];
  for (const place of places) {
    const status = await askAddress(place, { command: "status" });
    if (status !== undefined) found.push({ place, status });
  }
  const [first, ...others] = found;
  if (first === undefined) {
    const who = name === undefined ? "No worker runs" : `No worker called "${name}" runs`;
    const message = `${who} on this machine with data in ${dataDirectory}. Start it with muster worker, or say where it is: --data-dir, --name.`;
    throw new MusterError("not_found", message);
  }
  if (others.length > 0) {
    const running = found.map(({ status }) => status.name).join(", ");
    throw new MusterError(
      "invalid_request",
      `Several workers run here (${running}): say which, with --name.`,
      {
        param: "--name",
      },
    );
  }
  if (command.command === "status") return first.status;
  const status = await askAddress(first.place, command);
  if (status !== undefined) return status;
  throw new MusterError("not_found", `The worker "${first.status.name}" has just ended.`);
}

async function namesIn(dataDirectory: string): Promise<string[]> {
  return readdir(join(dataDirectory, "workers")).catch(() => []);
}

function exchange(address: string, line: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const silent = new MusterError("not_ready", "The worker does not answer. Is it stopped or overloaded?");
    socket.setTimeout(answerMs, () => socket.destroy(silent));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const isNobody = error.code === "ENOENT" || error.code === "ECONNREFUSED" || error.code === "ENOTDIR";
      if (isNobody) resolve(undefined);
      else reject(error instanceof MusterError ? error : notOurs(address, error));
    });
    socket.once("close", () => resolve(undefined));
    const lines = createInterface({ input: socket });
    // The socket's own errors come here again.
    lines.on("error", () => {});
    lines.once("line", (answer) => {
      resolve(answer);
      socket.end();
    });
    socket.write(`${line}\n`);
  });
}

/** It was not ours before it answered, or the worker was started anew while we asked. */
function impostor(address: string): MusterError {
  const message = `What answers at ${address} is not your worker: it cannot read the worker's key. Nothing that it says was believed.`;
  return new MusterError("forbidden", message);
}

function notOurs(address: string, cause: NodeJS.ErrnoException): MusterError {
  const message = `${address} cannot be opened (${cause.code ?? cause.message}): the worker runs as another user.`;
  return new MusterError("forbidden", message, { cause });
}
