// A registry of npm packages on loopback, for tests of how packages are installed.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

export interface PublishedVersion {
  version: string;
  /** How long ago it came out; undefined: the registry does not say. */
  ageDays?: number;
  dependencies?: Record<string, string>;
  scripts?: Record<string, string>;
  /** Published with an attestation of its origin. */
  isAttested?: boolean;
}

export interface NpmRegistry {
  url: string;
  /** The address of a version's archive outside of where registries have archives. */
  elsewhere(name: string, version: string): string;
  /** The hash of a version's archive, as lockfiles write it. */
  integrityOf(name: string, version: string): string;
  publish(name: string, ...versions: PublishedVersion[]): void;
  close(): Promise<void>;
}

const dayMs = 86_400_000;

export async function startNpmRegistry(): Promise<NpmRegistry> {
  const documents = new Map<string, object>();
  const archives = new Map<string, Buffer>();
  const server = createServer((request, reply) => {
    const path = decodeURIComponent(request.url ?? "").replace(/^\//, "");
    const archive = archives.get(path) ?? archives.get(path.replace(/^elsewhere\/([^/]+)(?=-\d)/, "$1/-/$1"));
    const document = documents.get(path);
    if (archive !== undefined) reply.end(archive);
    else if (document !== undefined)
      reply.setHeader("content-type", "application/json").end(JSON.stringify(document));
    else reply.writeHead(404).end("{}");
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const archiveName = (name: string, version: string) => `${name}/-/${name}-${version}.tgz`;
  const integrityOf = (name: string, version: string) => {
    const archive = archives.get(archiveName(name, version)) ?? Buffer.alloc(0);
    return `sha512-${createHash("sha512").update(archive).digest("base64")}`;
  };

  return {
    url,
    elsewhere: (name, version) => `${url}elsewhere/${name}-${version}.tgz`,
    integrityOf,
    publish(name, ...versions) {
      const time: Record<string, string> = {};
      const manifests: Record<string, object> = {};
      for (const { version, ageDays, isAttested = false, ...rest } of versions) {
        const manifest = { name, version, ...rest };
        const archive = gzipSync(tarOf("package/package.json", JSON.stringify(manifest)));
        archives.set(archiveName(name, version), archive);
        if (ageDays !== undefined) time[version] = new Date(Date.now() - ageDays * dayMs).toISOString();
        manifests[version] = {
          ...manifest,
          hasInstallScript: rest.scripts !== undefined,
          dist: {
            tarball: `${url}${archiveName(name, version)}`,
            integrity: integrityOf(name, version),
            ...(isAttested ? { attestations: { provenance: { predicateType: "slsa" } } } : {}),
          },
        };
      }
      const isTimed = Object.keys(time).length > 0;
      const latest = versions.at(-1)?.version;
      documents.set(name, {
        name,
        "dist-tags": { latest },
        versions: manifests,
        ...(isTimed ? { time: { ...time, modified: new Date().toISOString() } } : {}),
      });
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** A tar archive of one file. */
function tarOf(name: string, content: string): Buffer {
  const body = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  // The sum of the header's bytes, with its own field as spaces.
  header.write(" ".repeat(8), 148);
  header.write("0", 156);
  header.write("ustar\0", 257);
  header.write("00", 263);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
  return Buffer.concat([header, body, padding, Buffer.alloc(1024)]);
}
