import { chmod, mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { MusterError } from "@muster/base";
import { type LocalAnswer, parseLocalCommand } from "../../core/local-command.ts";
import type { LocalControl } from "../../ports/local-control.ts";
import { proofOf, writeControlKey } from "./control-key.ts";

/** What systems allow for the path of a socket, at the least. */
const maxPathBytes = 103;
const maxConnections = 16;
const maxLineBytes = 4_096;
const silenceMs = 10_000;

/**
 * A socket that only this user can open: one command a line, one answer a line. A command may come with a nonce before
 * it; its answer then comes with a proof that it is of whoever wrote the key: a pipe's name can be taken by anybody.
 */
export function createLocalSocket(address: string, keyPath: string): LocalControl {
  const isPipe = address.startsWith("\\\\.\\pipe\\");
  const open = new Set<Socket>();
  const server = createServer();
  server.maxConnections = maxConnections;
  let isListening = false;

  return {
    async listen(handle) {
      if (!isPipe && Buffer.byteLength(address) > maxPathBytes) {
        const reason = `${address} is too long for a socket: choose a shorter --data-dir.`;
        return { kind: "failed", reason };
      }
      if (await isAnswered(address)) return { kind: "inUse" };
      server.on("connection", (socket) => {
        open.add(socket);
        socket.on("close", () => open.delete(socket));
        serve(socket, handle, key);
      });
      let key: Uint8Array = new Uint8Array();
      try {
        await mkdir(dirname(keyPath), { recursive: true, mode: 0o700 });
        // One that was there before may be open to others, and so would be the socket until its own mode is set.
        await chmod(dirname(keyPath), 0o700);
        key = await writeControlKey(keyPath);
        if (!isPipe) {
          // Left behind by a worker that was killed.
          await rm(address, { force: true });
        }
        await new Promise<void>((resolve, reject) => {
          server.once("error", reject);
          server.listen(address, resolve);
        });
        isListening = true;
        // One that could not be taken, without file descriptors to spare, say: whoever asks will ask again.
        server.on("error", () => {});
        if (!isPipe) await chmod(address, 0o600);
        return { kind: "listening" };
      } catch (error) {
        return { kind: "failed", reason: MusterError.from(error).message };
      }
    },
    async close() {
      if (!isListening) return;
      for (const socket of open) socket.end();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        setTimeout(() => {
          for (const socket of open) socket.destroy();
        }, 1_000).unref();
      });
    },
  };
}

function serve(socket: Socket, handle: Parameters<LocalControl["listen"]>[0], key: Uint8Array): void {
  socket.setTimeout(silenceMs, () => socket.destroy());
  socket.on("error", () => {});
  let unread = 0;
  socket.on("data", (chunk: Buffer) => {
    const end = chunk.lastIndexOf("\n");
    unread = end === -1 ? unread + chunk.length : chunk.length - end - 1;
    if (unread > maxLineBytes) socket.destroy();
  });
  const answer = async (line: string): Promise<LocalAnswer> => {
    const command = line.length > maxLineBytes ? undefined : parseLocalCommand(line);
    if (command === undefined)
      return { kind: "refused", message: "This is no command that this version of the worker knows." };
    return handle(command).catch((error: unknown) => ({
      kind: "refused",
      message: MusterError.from(error).message,
    }));
  };
  // One after the other: a status that follows a pause shows it.
  let last = Promise.resolve();
  const lines = createInterface({ input: socket });
  // The socket's own errors come here again.
  lines.on("error", () => {});
  lines.on("line", (line) => {
    last = last.then(async () => {
      const [, nonce, command = line] = /^([\da-f]{32}) (.*)$/.exec(line) ?? [];
      const told = JSON.stringify(await answer(command));
      const proof = nonce === undefined ? "" : `${proofOf(key, nonce, told)} `;
      if (!socket.destroyed) socket.write(`${proof}${told}\n`);
    });
  });
}

/** Whether somebody listens there; what a dead worker left behind refuses. */
function isAnswered(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
