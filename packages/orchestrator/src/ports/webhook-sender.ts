export interface WebhookMessage {
  readonly url: string;
  /** The same for the same event, however often it is sent: receivers know by it what they have had. */
  readonly id: string;
  readonly atSeconds: number;
  /** JSON. */
  readonly body: string;
}

export type WebhookAnswer =
  | { readonly kind: "delivered" }
  /** `isFinal`: sending it again would change nothing. */
  | { readonly kind: "failed"; readonly isFinal: boolean; readonly reason: string };

/** Sends signed messages to addresses that were given by clients and are allowed by whoever runs the service. */
export interface WebhookSender {
  /** Why nothing may be sent to an address, in a sentence; undefined where it may. */
  refusal(url: string): string | undefined;
  /** Sends once. Never rejects. */
  send(message: WebhookMessage, signal: AbortSignal): Promise<WebhookAnswer>;
}
