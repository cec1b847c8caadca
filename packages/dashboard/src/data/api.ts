/** What the server says is wrong. */
export class ApiError extends Error {
  readonly status: number;
  /** One of Muster's error codes; "" where the answer had none. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
  }
}

/** Shows the server that this page asks, and no other one in its name (docs/decisions/0025-the-dashboards-door.md). */
const ownHeader = { "x-muster-dashboard": "1" } as const;

interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Asks the server that this page comes from. Throws ApiError, or a TypeError where it cannot be reached. */
export async function call(path: string, { method = "GET", body, signal }: Call = {}): Promise<Response> {
  const isForm = body instanceof FormData;
  const response = await fetch(path, {
    method,
    headers: {
      ...ownHeader,
      ...(body === undefined || isForm ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
    credentials: "same-origin",
  });
  if (response.ok) return response;
  throw await errorOf(response);
}

/** As `call`, and reads the answer's JSON. */
export async function callJson<Answer>(path: string, options: Call = {}): Promise<Answer> {
  const response = await call(path, options);
  return (await response.json()) as Answer;
}

async function errorOf(response: Response): Promise<ApiError> {
  const fallback = `The server answered ${response.status}.`;
  try {
    const { error } = (await response.json()) as { error?: { code?: string | null; message?: string } };
    return new ApiError(response.status, error?.code ?? "", error?.message ?? fallback);
  } catch {
    return new ApiError(response.status, "", fallback);
  }
}
