import { describe, expect, it } from "vitest";
import { isOpenAddress } from "./address-rule.ts";

describe("isOpenAddress", () => {
  it.each([
    "10.0.0.7",
    "192.168.1.20",
    "172.16.0.1",
    "8.8.8.8",
    "2001:db8::1",
    "fd12:3456::1",
    "64:ff9b::808:808",
  ])("%s is open", (address) => {
    expect(isOpenAddress(address)).toBe(true);
  });

  it.each([
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "100.100.100.200",
    "fd00:ec2::254",
    "fe80::1",
    "127.0.0.1",
    "127.8.9.10",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "ff02::1",
    "not an address",
    "",
  ])('"%s" is not', (address) => {
    expect(isOpenAddress(address)).toBe(false);
  });
});
