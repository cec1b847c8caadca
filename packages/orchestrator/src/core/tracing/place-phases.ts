/** What a worker has measured of an attempt, between two moments that were seen here. */
export interface MeasuredAttempt {
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  /** When its first piece came; undefined: it came whole. */
  readonly firstPieceAtMs: number | undefined;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

export interface Phase {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Where prefill and decoding lie in time, on our clock: a worker's own says nothing here. They meet when the first piece
 * came, or as long before the end as decoding took; both stay within the attempt, whatever a worker says.
 */
export function placePhases(attempt: MeasuredAttempt): { readonly prefill: Phase; readonly decode: Phase } {
  const { beganAtMs, endedAtMs, firstPieceAtMs } = attempt;
  const wholeMs = Math.max(0, endedAtMs - beganAtMs);
  const prefillMs = within(attempt.prefillMs, wholeMs);
  const decodeMs = within(attempt.decodeMs, wholeMs - prefillMs);
  const latest = endedAtMs - decodeMs;
  const meetMs = Math.max(beganAtMs + prefillMs, Math.min(firstPieceAtMs ?? latest, latest));
  return {
    prefill: { fromMs: meetMs - prefillMs, toMs: meetMs },
    decode: { fromMs: meetMs, toMs: meetMs + decodeMs },
  };
}

function within(ms: number, mostMs: number): number {
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), mostMs) : 0;
}
