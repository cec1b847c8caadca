import { modelParts } from "./model-parts.ts";
import { type FetchedUri, formatModelUri, isFetched, parseModelUri } from "./model-uri.ts";

/** All files of the model that a URI names by one of them; most models have one. */
export function partUris(uri: FetchedUri): FetchedUri[] {
  if (uri.kind !== "http") return modelParts(uri.file).map((file) => ({ ...uri, file }));
  const url = new URL(uri.url);
  return modelParts(url.pathname).map((pathname) => {
    url.pathname = pathname;
    return { kind: "http", url: url.href };
  });
}

/** The files of the model behind any URI, as manifests name them; none for what lies where it is, or is no URI. */
export function modelSources(text: string): string[] {
  try {
    const uri = parseModelUri(text);
    return isFetched(uri) ? partUris(uri).map(formatModelUri) : [];
  } catch {
    return [];
  }
}
