import type { Socket } from "node:net";
import { MusterError } from "@muster/base";
import { errorBody } from "./error-response.ts";

/** Answers what never became a request that a route could see, in the shape that clients know, and hangs up. */
export function refuseConnection(
  error: Error & { readonly code?: string },
  socket: Socket,
  { requestId, traceId }: { readonly requestId: string; readonly traceId: string },
): void {
  if (socket.destroyed || !socket.writable) return;
  const { status, message } = refusalOf(error.code);
  const body = JSON.stringify(errorBody(new MusterError("invalid_request", message)));
  const head = `HTTP/1.1 ${status}\r\nx-request-id: ${requestId}\r\nrequest-id: ${requestId}\r\nx-trace-id: ${traceId}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
}

export const slowRequest = Object.assign(new Error("slow request"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });

function refusalOf(code: string | undefined): { readonly status: string; readonly message: string } {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return { status: "431 Request Header Fields Too Large", message: "The headers are too large." };
    case slowRequest.code:
      return { status: "408 Request Timeout", message: "The request took too long to arrive." };
    default:
      return { status: "400 Bad Request", message: "This is no HTTP request." };
  }
}
