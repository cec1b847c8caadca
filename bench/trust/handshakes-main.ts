import { readFileSync } from "node:fs";
import { connect, createSecureContext } from "node:tls";
import { serverName } from "@muster/proto";

// Opens connections with a worker's certificate, one after the other in several rows, and says how many there were.
// Arguments: the fleet port, a file with identities, seconds, rows.

const [, , address = "", file = "", seconds = "0", rows = "1"] = process.argv;
const [identity] = JSON.parse(readFileSync(file, "utf8")) as readonly {
  readonly key: string;
  readonly certificate: string;
  readonly authorities: readonly string[];
}[];
if (identity === undefined) throw new Error("no identity");
const [host = "", port = ""] = address.split(":");
const secureContext = createSecureContext({
  ...{ key: identity.key, cert: identity.certificate, ca: identity.authorities.join("\n") },
});

function handshake(): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = {
      host,
      port: Number(port),
      servername: serverName,
      ALPNProtocols: ["h2"],
      secureContext,
    };
    const socket = connect(options);
    socket.once("error", reject);
    // The server's first frame: by then it has looked at our certificate as well.
    socket.once("data", () => {
      socket.destroy();
      resolve();
    });
  });
}

let count = 0;
const startedMs = performance.now();
const untilMs = startedMs + Number(seconds) * 1_000;
await Promise.all(
  Array.from({ length: Number(rows) }, async () => {
    while (performance.now() < untilMs) {
      await handshake();
      count += 1;
    }
  }),
);
console.log(`handshakes ${count} ${performance.now() - startedMs}`);
