/**
 * What the server's headers said of an answer. The two are not enumerable: spreading, comparing or printing an answer
 * as JSON leaves them out.
 * @example
 * const answer = await muster.chat.completions.create({ model, messages });
 * console.log(answer.requestId, answer.worker);
 */
export interface ResponseInfo {
  /** Names the request in the server's log. */
  readonly requestId: string | undefined;
  /**
   * The worker that answered; several where several choices were asked for. A stream knows it where its worker began in
   * time and one choice was asked for.
   */
  readonly worker: string | undefined;
}

export function responseInfo(headers: Headers): ResponseInfo {
  return {
    requestId: headers.get("x-request-id") ?? undefined,
    worker: headers.get("x-muster-worker") ?? undefined,
  };
}

export function withResponseInfo<T extends object>(value: T, headers: Headers): T & ResponseInfo {
  const { requestId, worker } = responseInfo(headers);
  return Object.defineProperties(value, {
    requestId: { value: requestId },
    worker: { value: worker },
  }) as T & ResponseInfo;
}
