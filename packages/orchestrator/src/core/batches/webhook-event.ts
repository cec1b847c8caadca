import type { BatchState } from "./batch.ts";

/** What is told of a batch: each state that it comes into, and each time that it is halted or goes on. */
export type WebhookNews = BatchState | "paused" | "resumed";

export interface WebhookEvent {
  readonly batchId: string;
  readonly url: string;
  /** As in OpenAI's webhooks: `batch.completed`. */
  readonly type: string;
  /** Unix time. */
  readonly atMs: number;
}

export function webhookEvent(
  batch: { readonly id: string; readonly url: string },
  news: WebhookNews,
  atMs: number,
): WebhookEvent {
  return { batchId: batch.id, url: batch.url, type: `batch.${news}`, atMs };
}

/** Unique for the event, and the same whoever tells of it. A state comes once; pauses are told apart by their time. */
export function eventName({ batchId, type, atMs }: WebhookEvent): string {
  const isRepeated = type === "batch.paused" || type === "batch.resumed";
  return isRepeated ? `${batchId}.${type}.${atMs}` : `${batchId}.${type}`;
}

/** What is sent: OpenAI's webhook event. */
export function eventBody(id: string, { batchId, type, atMs }: WebhookEvent): string {
  return JSON.stringify({
    id,
    object: "event",
    created_at: Math.floor(atMs / 1000),
    type,
    data: { id: batchId },
  });
}

export const webhookKeys = {
  /** There once somebody has undertaken to send the event. */
  taken: (event: WebhookEvent) =>
    `batches/${event.batchId}/webhooks/${eventName(event).slice(event.batchId.length + 1)}`,
  /** There once somebody else has, since the first has not said that it was done. */
  takenAgain: (event: WebhookEvent) => `${webhookKeys.taken(event)}.again`,
  /** Events that are not done with. */
  waiting: "webhooks/",
  waitingEvent: (event: WebhookEvent) => `webhooks/${eventName(event)}`,
} as const;
