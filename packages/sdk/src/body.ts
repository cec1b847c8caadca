import type { Exchange } from "./exchange.ts";

/** An answer whose bytes are read as they come, once. */
export interface OpenBody {
  readonly status: number;
  readonly headers: Headers;
  /** Leaving the loop cuts the connection. Throws a MusterApiError where it breaks. */
  chunks(): AsyncGenerator<Uint8Array, void>;
}

export function openBody(response: Response, exchange: Exchange): OpenBody {
  const { status, headers } = response;
  return { status, headers, chunks: () => chunksOf(response, exchange) };
}

async function* chunksOf(response: Response, exchange: Exchange): AsyncGenerator<Uint8Array, void> {
  const reader = response.body?.getReader();
  try {
    for (;;) {
      exchange.startClock();
      const { done, value } = (await reader?.read()) ?? { done: true };
      // A reader who takes its time is not a silent server.
      exchange.stopClock();
      if (done) {
        exchange.complete();
        return;
      }
      yield value;
    }
  } catch (error) {
    throw exchange.errorOf(error, response.headers);
  } finally {
    exchange.leave();
  }
}
