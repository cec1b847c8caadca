import { type CleanWords, withCleanWords } from "../core/clean-words.ts";
import type { OrchestratorLink } from "../ports/orchestrator-link.ts";

/** The one place where what a worker says is kept from telling where things lie on its machine. */
export function createCleanLink(link: OrchestratorLink, clean: CleanWords): OrchestratorLink {
  return {
    async dial(hello, receive, signal) {
      const result = await link.dial(hello, receive, signal);
      if (result.kind !== "accepted") return result;
      const { session } = result;
      return {
        kind: "accepted",
        session: {
          welcome: session.welcome,
          ended: session.ended,
          send: (message) => session.send(withCleanWords(message, clean)),
          writable: () => session.writable(),
          close: () => session.close(),
          abandon: () => session.abandon(),
        },
      };
    },
  };
}
