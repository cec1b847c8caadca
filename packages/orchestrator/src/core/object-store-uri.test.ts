import { MusterError } from "@muster/base";
import { describe, expect, it } from "vitest";
import { parseObjectStoreUri } from "./object-store-uri.ts";

const aws = { kind: "s3", endpoint: undefined, region: undefined, forcePathStyle: false };

describe("where objects are kept", () => {
  it.each([
    ["/var/lib/muster", "/var/lib/muster"],
    ["objects", "objects"],
    ["file:///srv/with%20space", "/srv/with space"],
    ["C:\\muster\\objects", "C:\\muster\\objects"],
  ])("%s is a directory", (text, path) => {
    expect(parseObjectStoreUri(text)).toEqual({ kind: "directory", path });
  });

  it.each([
    ["s3://office", { bucket: "office", prefix: "" }],
    ["s3://office/", { bucket: "office", prefix: "" }],
    ["s3://office/muster", { bucket: "office", prefix: "muster/" }],
    [
      "s3://my.office-1/a/b/?region=eu-west-1",
      { bucket: "my.office-1", prefix: "a/b/", region: "eu-west-1" },
    ],
    [
      "s3://office?endpoint=http://127.0.0.1:9000",
      { bucket: "office", prefix: "", endpoint: "http://127.0.0.1:9000", forcePathStyle: true },
    ],
    [
      "s3://office?endpoint=https://s3.example.com&path-style=false",
      { bucket: "office", prefix: "", endpoint: "https://s3.example.com", forcePathStyle: false },
    ],
  ])("%s is a bucket", (text, location) => {
    expect(parseObjectStoreUri(text)).toEqual({ ...aws, ...location });
  });

  it.each([
    ["", "names no directory"],
    ["a\0b", "names no directory"],
    ["https://host/bucket", '"https://" is not known'],
    ["file://host/path", "three slashes"],
    ["s3://", "name of a bucket"],
    ["s3://Office_1", "name of a bucket"],
    ["s3://office:9000/x", "name of a bucket"],
    ["s3://office/a//b", "the prefix may hold"],
    ["s3://office/%2e%2e%2fb/%00", "the prefix may hold"],
    ["s3://office/%E0%A4", "percent-encoded"],
    ["s3://office?endpiont=http://h", '"endpiont" is no option'],
    ["s3://office?endpoint=127.0.0.1:9000", "http:// or https://"],
    ["s3://office?endpoint=http://h/path", "http:// or https://"],
    ["s3://office?path-style=yes", "true or false"],
  ])("%j is refused with what is wrong and what to write", (text, why) => {
    const error = thrownBy(text);
    expect(error.code).toBe("invalid_request");
    expect(error.message).toContain(why);
    expect(error.message).toContain("s3://bucket/prefix?endpoint=");
  });

  it("refuses keys in the URI, and does not repeat them", () => {
    const error = thrownBy("s3://AKIAX:wJalr@office/x");
    expect(error.message).toContain("AWS_SECRET_ACCESS_KEY");
    expect(error.message).not.toContain("wJalr");
  });
});

function thrownBy(text: string): MusterError {
  try {
    parseObjectStoreUri(text);
  } catch (error) {
    if (error instanceof MusterError) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
}
