import { type IncomingHttpHeaders, request as plain } from "node:http";
import { request as encrypted } from "node:https";

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** All that is trusted, over TLS. */
  readonly ca?: string;
}

/** Asks with exactly these headers and this path: `fetch` adds some, and tidies paths up. */
export function rawRequest(
  url: string,
  { method = "GET", path, headers = {}, body, ca }: RawRequest,
): Promise<RawAnswer> {
  const { hostname, port, protocol } = new URL(url);
  const where = { hostname, port, method, path, headers, agent: false as const };
  return new Promise((resolve, reject) => {
    const asked = protocol === "https:" ? encrypted({ ...where, ca, servername: "localhost" }) : plain(where);
    asked.once("error", reject).once("response", (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part)).once("error", reject);
      response.once("end", () => {
        const whole = Buffer.concat(parts);
        const answer = { status: response.statusCode ?? 0, headers: response.headers };
        resolve({ ...answer, body: whole, text: whole.toString() });
      });
    });
    asked.end(body);
  });
}
