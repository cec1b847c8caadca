import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to a request on its way. `lose`: it is carried out, and its answer never comes. */
export type GateFate =
  | { readonly kind: "pass" }
  | { readonly kind: "lose" }
  /** The answer breaks off after so many bytes of its body. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  | { readonly kind: "answer"; readonly status: number; readonly code: string };

export interface S3Gate {
  readonly endpoint: string;
  readonly seen: string[];
  fate: (method: string, path: string) => GateFate;
  stop(): Promise<void>;
}

/** Stands between a client and an S3 server, and goes wrong as networks and servers do. */
export async function openS3Gate(endpoint: string): Promise<S3Gate> {
  const server = createServer((incoming, outgoing) => {
    const [method = "", path = ""] = [incoming.method, incoming.url];
    gate.seen.push(`${method} ${path}`);
    const fate = gate.fate(method, path);
    if (fate.kind === "answer") answer(incoming, outgoing, fate);
    else forward(endpoint, { incoming, outgoing, fate });
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const gate: S3Gate = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    fate: () => ({ kind: "pass" }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return gate;
}

function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, code }: { readonly status: number; readonly code: string },
): void {
  incoming.resume();
  incoming.once("end", () => {
    outgoing.writeHead(status, { "content-type": "application/xml" });
    outgoing.end(
      code === "" ? "" : `<Error><Code>${code}</Code><Message>as the test wants it</Message></Error>`,
    );
  });
}

/** The headers go on as they are: the signature covers them. */
function forward(
  endpoint: string,
  {
    incoming,
    outgoing,
    fate,
  }: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse; readonly fate: GateFate },
): void {
  const { method, url = "", headers } = incoming;
  const onward = request(new URL(url, endpoint), { method, headers, agent: false }, (reply) => {
    if (fate.kind === "lose") {
      reply.resume();
      reply.once("end", () => outgoing.destroy());
      return;
    }
    outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
    if (fate.kind !== "cut") reply.pipe(outgoing);
    else
      reply.once("data", (chunk: Buffer) => {
        outgoing.write(chunk.subarray(0, fate.afterBytes), () => outgoing.destroy());
        reply.destroy();
      });
  });
  onward.on("error", () => outgoing.destroy());
  incoming.pipe(onward);
}
