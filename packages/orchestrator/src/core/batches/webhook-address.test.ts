import { parseHostRule } from "@muster/base";
import { describe, expect, it } from "vitest";
import { webhookRefusal } from "./webhook-address.ts";

const allows = (entries: readonly string[], url: string) =>
  webhookRefusal(
    entries.map((entry) => parseHostRule(entry, "MUSTER_WEBHOOK_HOSTS")),
    url,
  ) === undefined;

describe("webhookRefusal", () => {
  it.each([
    ["hooks.example.org", "https://hooks.example.org/a?b=c"],
    ["hooks.example.org", "http://HOOKS.example.org:80/"],
    ["Hooks.Example.org", "https://hooks.example.org:443"],
    ["hooks.example.org:8443", "https://hooks.example.org:8443/"],
    ["hooks.example.org:443", "https://hooks.example.org/"],
    ["hooks.example.org:*", "https://hooks.example.org/"],
    ["hooks.example.org:*", "http://hooks.example.org:8080/"],
    ["*.example.org:*", "https://a.example.org:8443/"],
    ["*.example.org", "https://a.b.example.org/"],
    ["10.0.0.7:8080", "http://10.0.0.7:8080/x"],
    ["[::1]:8080", "http://[0:0:0:0:0:0:0:1]:8080/"],
    ["127.0.0.1", "http://2130706433/"],
  ])("%s allows %s", (entry, url) => {
    expect(allows([entry], url)).toBe(true);
  });

  it.each([
    ["hooks.example.org", "https://example.org/"],
    ["hooks.example.org", "https://hooks.example.org.evil.test/"],
    ["hooks.example.org", "https://hooks.example.org:8443/"],
    ["hooks.example.org:8443", "https://hooks.example.org/"],
    ["hooks.example.org:*", "https://evil.test:8080/"],
    ["hooks.example.org", "https://hooks.example.org./"],
    ["*.example.org", "https://example.org/"],
    ["*.example.org", "https://evil-example.org/"],
    ["*.example.org", "https://evil.test/?.example.org"],
    ["hooks.example.org", "https://hooks.example.org@evil.test/"],
    ["hooks.example.org", "https://me:secret@hooks.example.org/"],
    ["hooks.example.org", "ftp://hooks.example.org/"],
    ["hooks.example.org", "file:///etc/passwd"],
    ["hooks.example.org", "hooks.example.org"],
    ["hooks.example.org", ""],
  ])("%s does not allow %s", (entry, url) => {
    expect(allows([entry], url)).toBe(false);
  });

  it("allows nothing where nothing is configured, and says what to set", () => {
    expect(webhookRefusal([], "https://hooks.example.org/a")).toContain(
      "MUSTER_WEBHOOK_HOSTS=hooks.example.org",
    );
    expect(webhookRefusal([], "https://hooks.example.org:8443/a")).toContain(
      "MUSTER_WEBHOOK_HOSTS=hooks.example.org:8443",
    );
  });
});
