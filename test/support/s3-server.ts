import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { access, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** An S3 server of the test's own: S3Proxy, which checks signatures and honours If-None-Match, on loopback. */
export interface TestS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  createBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

const version = "4.1.0";
const jarSha256 = "a4d025969aaf796616ed4b1e2491d87d455ce84bb28cb9db086b2e6aaa68b48d";
const jarUrl = `https://repo1.maven.org/maven2/org/gaul/s3proxy/${version}/s3proxy-${version}-jar-with-dependencies.jar`;
const oldestJava = 17;
const downloadTimeoutMs = 120_000;
const startTimeoutMs = 60_000;

const credentials = { accessKeyId: "muster-test", secretAccessKey: "muster-test-secret" };

/** Ends the server and removes its directory, "$1", when our end of fd 0 closes: that happens however this process ends. */
const script = `
directory=$1; shift
exec 3<&0
"$@" 3<&- & child=$!
(cat <&3; kill -KILL $child; rm -rf "$directory") >/dev/null 2>&1 &
exec 3<&-
wait $child 2>/dev/null
`;

/** Why there can be no S3 server on this machine; undefined where there can be one. Fetches it where it is missing. */
export async function whyNoS3(): Promise<string | undefined> {
  try {
    const { stderr } = await promisify(execFile)("java", ["-version"]);
    const major = Number(/version "(\d+)/.exec(stderr)?.[1]);
    if (!(major >= oldestJava)) return `Java ${oldestJava} or newer is needed, and this is ${major}`;
    await serverJar();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split("\n")[0] : String(error);
  }
}

/** Throws with the server's last words when it does not listen within a minute. */
export async function startTestS3(): Promise<TestS3> {
  const jar = await serverJar();
  const directory = await mkdtemp(join(tmpdir(), "muster-s3-"));
  const settings = join(directory, "s3proxy.properties");
  const data = join(directory, "data");
  await mkdir(data);
  await writeFile(settings, properties(data));
  const java = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", jar];
  const shell = spawn("/bin/sh", ["-c", script, "sh", directory, ...java, "--properties", settings], {
    // Ctrl-C in a terminal is for us: the server ends when we do.
    detached: true,
  });
  const ended = once(shell, "exit");
  // A bucket is a folder there.
  const createBucket = async (name: string) => void (await mkdir(join(data, name)));
  const stop = async () => {
    shell.stdin.destroy();
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const port = await listeningPort(shell);
    return { endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", credentials, createBucket, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function properties(dataDirectory: string): string {
  return [
    "s3proxy.endpoint=http://127.0.0.1:0",
    "s3proxy.authorization=aws-v4",
    `s3proxy.identity=${credentials.accessKeyId}`,
    `s3proxy.credential=${credentials.secretAccessKey}`,
    "jclouds.provider=filesystem-nio2",
    `jclouds.filesystem.basedir=${dataDirectory}`,
  ].join("\n");
}

/** The server says where it listens in its log. */
function listeningPort(shell: ChildProcessWithoutNullStreams): Promise<number> {
  return new Promise((resolve, reject) => {
    let words = "";
    const fail = (why: string) => reject(new Error(`S3Proxy ${why}: ${words.slice(-2_000)}`));
    const timer = setTimeout(() => fail(`did not listen within ${startTimeoutMs} ms`), startTimeoutMs);
    const read = (chunk: Buffer) => {
      words += chunk.toString();
      const port = /Started \S*ServerConnector@\S* \S*\{127\.0\.0\.1:(\d+)\}/.exec(words)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    };
    shell.stdin.on("error", () => {});
    shell.stdout.on("data", read);
    shell.stderr.on("data", read);
    shell.once("exit", (code) => {
      clearTimeout(timer);
      fail(`ended with ${code}`);
    });
  });
}

/** The server as Maven Central has it, kept outside the repository; what has another SHA-256 is not run. */
async function serverJar(): Promise<string> {
  const folder = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "muster", "s3proxy");
  const file = join(folder, `s3proxy-${version}-${jarSha256.slice(0, 8)}.jar`);
  if (
    await access(file).then(
      () => true,
      () => false,
    )
  )
    return file;
  const answer = await fetch(jarUrl, { signal: AbortSignal.timeout(downloadTimeoutMs) });
  if (!answer.ok) throw new Error(`${jarUrl} answers with ${answer.status}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== jarSha256) throw new Error(`${jarUrl} has the SHA-256 ${sha256} instead of ${jarSha256}`);
  await mkdir(folder, { recursive: true });
  const part = `${file}.${randomUUID()}`;
  await writeFile(part, bytes);
  await rename(part, file);
  return file;
}
