import type { BusMessage, TokenBus } from "../../ports/token-bus.ts";

/** One process's buses, joined: for tests of several orchestrators, and for one that is alone. */
export class MemoryBusHub {
  readonly #receivers = new Map<string, (message: BusMessage) => void>();

  bus(self: string): TokenBus {
    return {
      self,
      send: (to, message) => this.#receivers.get(to)?.(message),
      listen: (receive) => {
        this.#receivers.set(self, receive);
      },
      close: async () => {
        this.#receivers.delete(self);
      },
    };
  }
}
