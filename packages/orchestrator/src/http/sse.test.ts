import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventStream } from "./sse.ts";

describe("a stream of events", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const open = () => {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    const events = new EventStream(response);
    return { response, events };
  };

  it("leaves no timer behind when its client goes, though nobody closes it", () => {
    const { response, events } = open();
    events.open({});
    expect(vi.getTimerCount()).toBe(1);
    response.emit("close");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("begins none for a client that is gone already", () => {
    const { response, events } = open();
    response.destroy();
    events.open({});
    expect(vi.getTimerCount()).toBe(0);
  });
});
