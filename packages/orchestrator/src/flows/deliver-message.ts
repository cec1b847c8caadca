import type { TokenBus } from "../ports/token-bus.ts";
import type { RequestDesk } from "./request-desk.ts";
import type { JobRunner } from "./run-job.ts";

/** Everything on the bus is either for a runner or for a home. */
export function deliverMessages(bus: TokenBus, desk: RequestDesk, runner: JobRunner): void {
  bus.listen((message) => {
    if (!runner.receive(message)) desk.receive(message);
  });
}
