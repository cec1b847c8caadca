import type { LocalAnswer, LocalCommand } from "../core/local-command.ts";

/** The way by which the machine's owner talks to the worker: on this machine, as this user. */
export interface LocalControl {
  /**
   * Listens. `inUse`: another worker of this name listens already. `failed`: nobody can talk to the worker, which works
   * all the same.
   */
  listen(
    handle: (command: LocalCommand) => Promise<LocalAnswer>,
  ): Promise<
    | { readonly kind: "listening" }
    | { readonly kind: "inUse" }
    | { readonly kind: "failed"; readonly reason: string }
  >;
  close(): Promise<void>;
}
