import { MusterError } from "@muster/base";

/**
 * Runs a call for several texts. Servers do not say which of them is too long: then each is tried alone, and the error
 * names the first that fails, as `field[index]`. `from`: the index of the first text.
 */
export async function namingCulprit<T>(
  texts: readonly string[],
  field: { readonly name: string; readonly from: number },
  call: (texts: readonly string[]) => Promise<T>,
): Promise<T> {
  try {
    return await call(texts);
  } catch (error) {
    if (!isTooLong(error)) throw error;
    for (const [i, text] of texts.entries()) {
      const param = `${field.name}[${field.from + i}]`;
      await call([text]).catch((alone: unknown) => {
        if (!isTooLong(alone)) throw alone;
        throw new MusterError("context_length_exceeded", `${param}: ${alone.message}`, {
          param,
          cause: alone,
        });
      });
    }
    throw error;
  }
}

function isTooLong(error: unknown): error is MusterError {
  return error instanceof MusterError && error.code === "context_length_exceeded";
}

/** Throws MusterError `invalid_request` where there is no text, or an empty one. */
export function refuseEmpty(texts: readonly string[], name: string): void {
  if (texts.length === 0) throw new MusterError("invalid_request", `${name} is empty.`, { param: name });
  const empty = texts.indexOf("");
  if (empty >= 0) {
    throw new MusterError("invalid_request", `${name}[${empty}] is an empty text.`, {
      param: `${name}[${empty}]`,
    });
  }
}
