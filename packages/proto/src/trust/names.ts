/** In the certificate of every orchestrator: its address may change, and says nothing of who it is. */
export const serverName = "orchestrator.muster.internal";

const uriPattern = /^muster:\/\/worker\/(wrk-[0-9a-f-]{36})$/;

/** What a worker's certificate says of whose it is. */
export function identityUri(workerId: string): string {
  return `muster://worker/${workerId}`;
}

/** The id in such a URI; undefined for any other. */
export function workerIdFrom(uri: string): string | undefined {
  return uriPattern.exec(uri)?.[1];
}
