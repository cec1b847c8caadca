import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseHostRule, type Reach } from "@muster/base";

/** Allows every port of this machine. */
export const thisMachine: Reach = { rules: [parseHostRule("127.0.0.1:*", "a test")] };

/** What the file server does with its next request for content instead of serving it well. */
export type Mishap =
  | { readonly kind: "cut"; readonly atFraction: number }
  /** Sends the first half, then the rest once `until` settles. */
  | { readonly kind: "pause"; readonly until: Promise<void> }
  | { readonly kind: "status"; readonly status: number; readonly headers?: Record<string, string> }
  | { readonly kind: "redirect"; readonly location: string }
  | { readonly kind: "ignore-range" };

export interface SeenRequest {
  readonly server: "hub" | "files";
  readonly method: string;
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
}

interface ServedFile {
  content: Uint8Array;
  etag: string;
  announcedSha256: string | undefined;
}

export interface FakeModelServer {
  readonly hubUrl: string;
  readonly filesUrl: string;
  readonly seen: SeenRequest[];
  /** What allows this machine to be fetched from. */
  readonly reach: Reach;
  /** Serves `content` as a hub file, `/owner/repo/resolve/revision/file`; gives its address on the file server. */
  put(path: string, content: Uint8Array, options?: { sha256?: string | undefined; etag?: string }): string;
  mishap(...mishaps: Mishap[]): void;
  /** The hub answers every question with this status. */
  refuse(status: number | undefined): void;
  close(): Promise<void>;
}

/** For tests: a hub that redirects to a file server on another port, as Hugging Face does; both on loopback. */
export async function startFakeModelServer(): Promise<FakeModelServer> {
  const files = new Map<string, ServedFile>();
  const seen: SeenRequest[] = [];
  const mishaps: Mishap[] = [];
  let refusal: number | undefined;

  const fileServer = createServer((request, response) => {
    seen.push(see("files", request));
    const file = files.get(decodeURIComponent((request.url ?? "").split("?")[0] ?? ""));
    if (file === undefined) response.writeHead(404).end();
    else serve(file, { request, response, mishap: mishaps.shift() });
  });
  const filesUrl = await listen(fileServer);
  const hub = createServer((request, response) => {
    seen.push(see("hub", request));
    const path = decodeURIComponent(request.url ?? "");
    const file = files.get(path);
    if (refusal !== undefined) response.writeHead(refusal, { "retry-after": "0" }).end();
    else if (file === undefined) response.writeHead(404).end();
    else {
      const linked =
        file.announcedSha256 === undefined
          ? {}
          : { "x-linked-etag": `"${file.announcedSha256}"`, "x-linked-size": String(file.content.length) };
      response
        .writeHead(302, { location: filesUrl + (request.url ?? ""), "x-repo-commit": "c0ffee", ...linked })
        .end();
    }
  });
  const hubUrl = await listen(hub);

  return {
    hubUrl,
    filesUrl,
    reach: thisMachine,
    seen,
    put(path, content, options = {}) {
      const announcedSha256 = "sha256" in options ? options.sha256 : sha256Of(content);
      files.set(path, { content, etag: options.etag ?? '"v1"', announcedSha256 });
      return filesUrl + path;
    },
    mishap: (...more) => void mishaps.push(...more),
    refuse(status) {
      refusal = status;
    },
    close: async () => {
      await Promise.all([stop(fileServer), stop(hub)]);
    },
  };
}

export function sha256Of(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function serve(
  file: ServedFile,
  exchange: { request: IncomingMessage; response: ServerResponse; mishap: Mishap | undefined },
): void {
  const { request, response, mishap } = exchange;
  if (mishap?.kind === "status") {
    response.writeHead(mishap.status, mishap.headers).end();
    return;
  }
  if (mishap?.kind === "redirect") {
    response.writeHead(302, { location: mishap.location }).end();
    return;
  }
  const from = mishap?.kind === "ignore-range" ? undefined : rangeStart(file, request);
  if (from !== undefined && from >= file.content.length) {
    response.writeHead(416, { "content-range": `bytes */${file.content.length}` }).end();
    return;
  }
  const end = Math.min(
    from === undefined ? Number.POSITIVE_INFINITY : rangeEnd(request),
    file.content.length,
  );
  const body = file.content.subarray(from ?? 0, end);
  const head: Record<string, string> = { etag: file.etag, "content-length": String(body.length) };
  if (from !== undefined) head["content-range"] = `bytes ${from}-${end - 1}/${file.content.length}`;
  response.writeHead(from === undefined ? 200 : 206, head);
  if (mishap?.kind === "cut") {
    response.write(body.subarray(0, Math.floor(body.length * mishap.atFraction)), () => response.destroy());
  } else if (mishap?.kind === "pause") {
    const middle = Math.floor(body.length / 2);
    response.write(body.subarray(0, middle));
    void mishap.until.then(() => response.end(body.subarray(middle)));
  } else {
    response.end(body);
  }
}

function rangeStart(file: ServedFile, request: IncomingMessage): number | undefined {
  const found = /^bytes=(\d+)-\d*$/.exec(request.headers.range ?? "");
  const condition = request.headers["if-range"];
  if (found === null || (condition !== undefined && condition !== file.etag)) return undefined;
  return Number(found[1]);
}

/** One past the last byte that is asked for. */
function rangeEnd(request: IncomingMessage): number {
  const last = /^bytes=\d+-(\d+)$/.exec(request.headers.range ?? "")?.[1];
  return last === undefined ? Number.POSITIVE_INFINITY : Number(last) + 1;
}

function see(server: SeenRequest["server"], request: IncomingMessage): SeenRequest {
  return {
    server,
    method: request.method ?? "",
    path: request.url ?? "",
    range: request.headers.range,
    ifRange: request.headers["if-range"]?.toString(),
    authorization: request.headers.authorization,
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
