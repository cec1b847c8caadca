import { EventEmitter } from "node:events";
import { ManualClock } from "@muster/base";
import { identityUri } from "@muster/proto";
import { expect, it } from "vitest";
import { createEnrolDoor, createWorkerDoor } from "./enrol-sockets.ts";

class Connection extends EventEmitter {
  readonly remoteAddress: string;
  readonly #subjectaltname: string;

  constructor(remoteAddress: string, subjectaltname = "") {
    super();
    this.remoteAddress = remoteAddress;
    this.#subjectaltname = subjectaltname;
  }

  getPeerCertificate() {
    return { subjectaltname: this.#subjectaltname };
  }

  destroy(): void {
    this.emit("close");
  }
}

it("lets so many strangers of one address in, each for a minute", () => {
  const clock = new ManualClock();
  const lets = createEnrolDoor(clock);
  const of = (address: string) => new Connection(address);
  expect(Array.from({ length: 33 }, () => lets(of("10.0.0.9"))).filter(Boolean)).toHaveLength(32);
  expect(lets(of("10.0.0.8"))).toBe(true);
  clock.advance(60_000);
  expect(lets(of("10.0.0.9"))).toBe(true);
});

it("lets so many of one worker in, wherever they come from, and more once some have gone", () => {
  const lets = createWorkerDoor();
  const [one, other] = ["1", "2"].map((digit) => `URI:${identityUri(`wrk-${digit.repeat(36)}`)}`);
  const first = new Connection("10.0.0.1", one);
  expect(lets(first)).toBe(true);
  const more = Array.from({ length: 40 }, (_none, at) => lets(new Connection(`10.0.1.${at}`, one)));
  expect(more.filter(Boolean)).toHaveLength(31);
  expect(lets(new Connection("10.0.0.1", other))).toBe(true);
  first.destroy();
  expect([lets(new Connection("10.0.0.1", one)), lets(new Connection("10.0.0.1", one))]).toEqual([
    true,
    false,
  ]);
});
