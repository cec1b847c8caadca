/** How far back charts look. */
export interface Span {
  readonly id: string;
  readonly label: string;
  readonly seconds: number;
  readonly points: number;
  /** How often what is known of it is asked for anew. */
  readonly everyMs: number;
  /** What happens now is appended as it comes. */
  readonly isLive: boolean;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

export const spans: readonly Span[] = [
  { id: "15m", label: "15 min", seconds: 15 * minute, points: 300, everyMs: 120_000, isLive: true },
  { id: "1h", label: "1 h", seconds: hour, points: 360, everyMs: 120_000, isLive: true },
  { id: "24h", label: "24 h", seconds: day, points: 360, everyMs: 120_000, isLive: false },
  { id: "7d", label: "7 d", seconds: 7 * day, points: 420, everyMs: 600_000, isLive: false },
  { id: "30d", label: "30 d", seconds: 30 * day, points: 360, everyMs: 600_000, isLive: false },
];
