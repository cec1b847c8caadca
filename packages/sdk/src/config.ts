/** The environment, where there is one: browsers have none, Deno may refuse it. */
export interface EnvironmentSettings {
  readonly baseUrl: string | undefined;
  readonly apiKey: string | undefined;
}

/** Reads `MUSTER_BASE_URL` and `MUSTER_API_KEY`; empty ones count as absent. */
export function readEnvironment(): EnvironmentSettings {
  const { process } = globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } };
  const read = (name: string) => process?.env?.[name]?.trim() || undefined;
  try {
    return { baseUrl: read("MUSTER_BASE_URL"), apiKey: read("MUSTER_API_KEY") };
  } catch {
    return { baseUrl: undefined, apiKey: undefined };
  }
}
