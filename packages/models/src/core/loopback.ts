/** Whether a URL's host names this machine. Takes `URL.hostname` as the URL parser normalises it. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
