import { describe, expect, it } from "vitest";
import { mayConnect, parseHostRule } from "./host-rule.ts";
import { MusterError } from "./muster-error.ts";

const named = (entry: string) => parseHostRule(entry, "MUSTER_FETCH_HOSTS");

describe("mayConnect", () => {
  it.each(["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])(
    "%s may be connected to by any name",
    (address) => {
      expect(mayConnect(address, undefined)).toBe(true);
    },
  );

  it.each(["10.0.0.7", "192.168.1.20", "172.16.0.1", "100.64.0.9", "fd12:3456::1", "::ffff:10.0.0.7"])(
    "%s only where the configuration names the host",
    (address) => {
      expect(mayConnect(address, undefined)).toBe(false);
      expect(mayConnect(address, named("models.example.org"))).toBe(true);
      expect(mayConnect(address, named("*.example.org"))).toBe(true);
    },
  );

  it.each([
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "100.100.100.200",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "127.0.0.1",
    "127.8.9.10",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "0.0.0.0",
    "0.0.0.7",
    "224.0.0.1",
    "ff02::1",
    "not an address",
    "",
  ])('"%s" by no name at all', (address) => {
    for (const rule of [undefined, named("models.example.org"), named("*.example.org")])
      expect(mayConnect(address, rule)).toBe(false);
  });

  it("takes localhost for this machine, and an address for that one", () => {
    expect(mayConnect("127.0.0.1", named("localhost"))).toBe(true);
    expect(mayConnect("169.254.169.254", named("localhost"))).toBe(false);
    expect(mayConnect("169.254.169.254", named("169.254.169.254"))).toBe(true);
    expect(mayConnect("127.0.0.1", named("169.254.169.254"))).toBe(false);
  });
});

describe("parseHostRule", () => {
  it.each([
    "",
    "*",
    "*.",
    "*.org",
    "https://a.example.org",
    "a.example.org/path",
    "a b",
    "a:99999",
    "u@a.test",
    "a.*.org",
  ])('refuses "%s", and says what to write', (entry) => {
    let thrown: unknown;
    try {
      parseHostRule(entry, "MUSTER_WEBHOOK_HOSTS");
    } catch (error) {
      thrown = error;
    }
    expect(MusterError.from(thrown)).toMatchObject({
      code: "invalid_request",
      param: "MUSTER_WEBHOOK_HOSTS",
      message: expect.stringContaining("host:port"),
    });
  });
});
