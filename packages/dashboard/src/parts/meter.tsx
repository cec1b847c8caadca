import { classes } from "./classes.ts";

export interface MeterSegment {
  readonly id: string;
  readonly value: number;
  /** A CSS colour: `var(--hue-1)`. */
  readonly color?: string;
  /** Hatched: not ours. */
  readonly isOthers?: boolean;
  readonly label?: string;
}

export interface MeterProps {
  /** What the whole bar stands for. */
  readonly total: number;
  readonly segments: readonly MeterSegment[];
  /** Says in words what the bar shows. */
  readonly label: string;
  readonly isTall?: boolean;
}

/** How much of something is taken, and by what; the rest of the bar is what is free. */
export function Meter({ total, segments, label, isTall = false }: MeterProps) {
  const sum = segments.reduce((all, { value }) => all + Math.max(0, value), 0);
  const whole = Math.max(total, sum, Number.MIN_VALUE);
  return (
    <div className={classes("meter", isTall && "meter-tall")} role="img" aria-label={label}>
      {segments.map(({ id, value, color, isOthers = false, label: name }) =>
        value <= 0 ? null : (
          <span
            key={id}
            className={classes("meter-segment", isOthers && "meter-segment-others")}
            style={{
              width: `${(value / whole) * 100}%`,
              ...(color === undefined || isOthers ? {} : { background: color }),
            }}
            data-tip={name}
          />
        ),
      )}
    </div>
  );
}
