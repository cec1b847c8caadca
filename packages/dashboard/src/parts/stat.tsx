import type { ReactNode } from "react";
import { classes } from "./classes.ts";

export interface StatProps {
  readonly label: ReactNode;
  readonly value: ReactNode;
  readonly unit?: ReactNode;
  /** A line below: what the figure is out of, or how it is made up. */
  readonly note?: ReactNode;
  readonly isSmall?: boolean;
}

/** A figure with its name. Put several into a `dl`. */
export function Stat({ label, value, unit, note, isSmall = false }: StatProps) {
  return (
    <div className={classes("stat", isSmall && "stat-small")}>
      <dt className="stat-label">{label}</dt>
      <dd className="stat-value">
        {value}
        {unit !== undefined && <span className="stat-unit">{unit}</span>}
      </dd>
      {note !== undefined && <dd className="stat-note">{note}</dd>}
    </div>
  );
}
