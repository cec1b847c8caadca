import { type RawAnswer, type RawRequest, rawRequest } from "../support/raw-request.ts";

const path = "/dashboard/v1/session";

/** Asks as the dashboard's page does in a browser, which keeps the cookie. */
export function dashboardClient(url: string, options: { readonly ca?: string; readonly host?: string } = {}) {
  const { ca, host = new URL(url).host } = options;
  const own = { host, origin: `${new URL(url).protocol}//${host}`, "x-muster-dashboard": "1" };
  let cookie: string | undefined;
  const ask = async (asked: RawRequest): Promise<RawAnswer> => {
    const answer = await rawRequest(url, {
      ...asked,
      headers: {
        ...own,
        ...(cookie === undefined ? {} : { cookie }),
        ...(asked.body === undefined ? {} : { "content-type": "application/json" }),
        ...asked.headers,
      },
      ...(ca === undefined ? {} : { ca }),
    });
    const [set] = answer.headers["set-cookie"] ?? [];
    if (set !== undefined) cookie = /Max-Age=0/.test(set) ? undefined : set.split(";")[0];
    return answer;
  };
  return {
    ask,
    cookie: () => cookie ?? "",
    signIn: (key: string, headers: Readonly<Record<string, string>> = {}) =>
      ask({ method: "POST", path, headers, body: JSON.stringify({ key }) }),
    session: () => ask({ path }),
    signOut: () => ask({ method: "DELETE", path }),
  };
}
