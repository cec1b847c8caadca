import { describe, expect, it } from "vitest";
import { addressKind, isEveryAddress, isLoopbackHost } from "./host-address.ts";

describe("addressKind", () => {
  it.each([
    ["8.8.8.8", "public"],
    ["172.15.255.255", "public"],
    ["172.32.0.0", "public"],
    ["100.128.0.1", "public"],
    ["2606:4700:4700::1111", "public"],
    ["::ffff:8.8.8.8", "public"],
    ["2002:808:808::1", "public"],
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["0.1.2.3", "loopback"],
    ["::1", "loopback"],
    ["0:0:0:0:0:0:0:1", "loopback"],
    ["::ffff:7f00:1", "loopback"],
    ["::127.0.0.1", "loopback"],
    ["2002:7f00:1::", "loopback"],
    ["64:ff9b::127.0.0.1", "loopback"],
    ["0.0.0.0", "every"],
    ["::", "every"],
    ["[::]", "every"],
    ["::ffff:0.0.0.0", "every"],
    ["169.254.169.254", "link-local"],
    ["::ffff:a9fe:a9fe", "link-local"],
    ["fe80::1", "link-local"],
    ["febf::1", "link-local"],
    ["fe80::1%eth0", "link-local"],
    ["100.100.100.200", "metadata"],
    ["[fd00:ec2::254]", "metadata"],
    ["10.255.0.1", "private"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.168.0.1", "private"],
    ["fc00::1", "private"],
    ["fdff::1", "private"],
    ["fec0::1", "private"],
    ["64:ff9b:1::1", "private"],
    ["::ffff:0:10.0.0.1", "private"],
    ["2002:0a00:0001::1", "private"],
    ["100.64.0.1", "shared"],
    ["224.0.0.251", "multicast"],
    ["ff02::fb", "multicast"],
    ["255.255.255.255", "reserved"],
    ["192.0.2.1", "reserved"],
    ["2001::1", "reserved"],
    ["2001:db8::1", "reserved"],
  ])("%s is %s", (address, kind) => {
    expect(addressKind(address)).toBe(kind);
  });

  // What the URL parser and the system's resolver make of these is checked where it comes out.
  it.each([
    "",
    "localhost",
    "example.org",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "1.2.3.-4",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "2130706433",
    "127.0.0.1.",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7::8",
    "12345::",
    "g::",
    "1.2.3.4::",
    "::1.2.3.4:5",
  ])('"%s" is no address', (text) => {
    expect(addressKind(text)).toBeUndefined();
  });

  it.each([
    ["http://2130706433/", "loopback"],
    ["http://0x7f000001/", "loopback"],
    ["http://0177.0.0.1/", "loopback"],
    ["http://127.1/", "loopback"],
    ["http://127.0.0.1./", "loopback"],
    ["http://①②⑦.0.0.1/", "loopback"],
    ["http://127。0。0。1/", "loopback"],
    ["http://user@2852039166/", "link-local"],
    ["http://0xa9.0xfe.0xa9.0xfe/", "link-local"],
    ["http://[::ffff:169.254.169.254]/", "link-local"],
    ["http://[0:0::127.0.0.1]/", "loopback"],
    ["http://0/", "every"],
  ])("the host of %s is %s", (url, kind) => {
    expect(addressKind(new URL(url).hostname)).toBe(kind);
  });
});

describe("isLoopbackHost", () => {
  it.each(["localhost", "127.0.0.1", "127.8.9.10", "::1", "[::1]", "0:0:0:0:0:0:0:1"])("%s is", (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  });

  it.each([
    "",
    "localhost.example.org",
    "evil-localhost",
    "127.0.0.1.example.org",
    "127.0.0",
    "0.0.0.0",
    "::",
    "[::]",
    "10.0.0.1",
    "::2",
    "1::1",
    "::ffff:10.0.0.1",
  ])('"%s" is not', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});

it.each([
  ["0.0.0.0", true],
  ["::", true],
  ["[::]", true],
  ["0:0:0:0:0:0:0:0", true],
  ["::1", false],
  ["10.0.0.0", false],
  ["localhost", false],
])("%s stands for every address: %s", (host, expected) => {
  expect(isEveryAddress(host)).toBe(expected);
});
