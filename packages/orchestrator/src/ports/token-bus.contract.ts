import { deferred } from "@muster/base";
import { afterEach, describe, expect, it } from "vitest";
import type { BusMessage, TokenBus } from "./token-bus.ts";

/** What every bus promises. `open` gives buses that can reach each other, ready to receive. */
export function tokenBusContract(name: string, open: (self: string) => Promise<TokenBus>): void {
  describe(`${name}: a token bus`, () => {
    const opened: TokenBus[] = [];
    const start = async (self: string) => {
      const bus = await open(self);
      opened.push(bus);
      return bus;
    };
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((bus) => bus.close()));
    });
    const piece = (text: string): BusMessage => ({
      kind: "event",
      requestId: "req-1",
      event: { kind: "delta", delta: { kind: "text", text, tokens: 1 } },
    });

    it("delivers what is meant for itself at once", async () => {
      const bus = await start("orc-a");
      const seen: BusMessage[] = [];
      bus.listen((message) => seen.push(message));
      bus.send("orc-a", piece("now"));
      expect(seen).toEqual([piece("now")]);
    });

    it("delivers to another in order, each message once", async () => {
      const [a, b] = [await start("orc-a"), await start("orc-b")];
      const seen: BusMessage[] = [];
      const all = deferred<void>();
      b.listen((message) => {
        seen.push(message);
        if (message.kind === "cancel") all.resolve();
      });
      const sent: BusMessage[] = Array.from({ length: 200 }, (_none, i) => piece(`${i} ä🙂\n`));
      sent.push({ kind: "cancel", requestId: "req-1" });
      for (const message of sent) a.send("orc-b", message);
      await all.promise;
      expect(seen).toEqual(sent);
    });

    it("drops what is meant for somebody who is not there", async () => {
      const bus = await start("orc-a");
      const seen: BusMessage[] = [];
      bus.listen((message) => seen.push(message));
      bus.send("orc-gone", piece("lost"));
      bus.send("orc-a", piece("kept"));
      expect(seen).toEqual([piece("kept")]);
    });
  });
}
