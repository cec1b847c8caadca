import type { ReactNode } from "react";
import { classes } from "./classes.ts";

export type Tone = "plain" | "quiet" | "good" | "warn" | "bad" | "accent";

export interface BadgeProps {
  readonly tone?: Tone;
  readonly hasDot?: boolean;
  /** Shown when it is pointed at. */
  readonly tip?: string;
  readonly children: ReactNode;
}

/** A state, in a word. */
export function Badge({ tone = "plain", hasDot = false, tip, children }: BadgeProps) {
  return (
    <span className={classes("badge", `badge-${tone}`)} data-tip={tip} aria-description={tip}>
      {hasDot && <Dot tone={tone} />}
      {children}
    </span>
  );
}

/** A state as a small shape; the word is beside it, or in `label`. */
export function Dot({ tone = "plain", label }: { readonly tone?: Tone; readonly label?: string }) {
  const className = classes("dot", `dot-${tone}`);
  return label === undefined ? (
    <span className={className} aria-hidden="true" />
  ) : (
    <span className={className} role="img" aria-label={label} data-tip={label} />
  );
}
