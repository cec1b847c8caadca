/**
 * `critical`: people are not served, or will not be within hours: look now. `warning`: look today. `info`: good to know.
 */
export type Severity = "critical" | "warning" | "info";

export interface Alert {
  readonly name: `Muster${string}`;
  readonly severity: Severity;
  /** How long it must be so without a break. */
  readonly for: string;
  readonly expr: string;
  /** One line; may name labels, as Prometheus writes them. */
  readonly summary: string;
  /** What it means for people, and what to do first. */
  readonly description: string;
  /** docs/alerts.md: what to look at and do, in order. */
  readonly steps: readonly string[];
}

/** Where docs/alerts.md speaks of an alert, as Markdown makes anchors of headings. */
export function anchorOf({ name }: Pick<Alert, "name">): string {
  return name.toLowerCase();
}
