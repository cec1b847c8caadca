export const defaultBaseUrl = "http://127.0.0.1:11500/v1";

/**
 * The server's root, without a trailing slash: `https://gpu.example/muster` for `https://gpu.example/muster/v1/`.
 * The OpenAI API lies under `/v1` there, the cluster API under `/cluster/v1`.
 * Throws a TypeError for what is not an HTTP address.
 */
export function serverRoot(baseUrl: string): string {
  const wrong = (why: string) =>
    new TypeError(`The base URL "${withoutSecrets(baseUrl)}" ${why}. Write it like ${defaultBaseUrl}.`);
  let url: URL;
  try {
    url = new URL(baseUrl);
  } catch {
    throw wrong("is not a URL");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw wrong("does not start with http:// or https://");
  if (url.username !== "" || url.password !== "")
    throw wrong("holds a name or password; pass apiKey instead");
  if (url.search !== "" || url.hash !== "") throw wrong("has a query or a fragment");
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "").replace(/\/v1$/, "").replace(/\/+$/, "");
}

/**
 * An id as a part of a path. Slashes stay, as in names like `owner/model`. Throws a TypeError for an empty id, and for
 * one that would lead to another path.
 */
export function pathOf(id: string): string {
  const parts = id.split("/");
  if (parts.some((part) => part === "" || part === "." || part === "..")) {
    throw new TypeError(`"${id}" cannot be an id: give one as list() shows it.`);
  }
  return parts.map(encodeURIComponent).join("/");
}

function withoutSecrets(text: string): string {
  return text.replace(/\/\/[^/]*@/, "//...@");
}
