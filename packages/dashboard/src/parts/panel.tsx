import { type ReactNode, useId } from "react";
import { classes } from "./classes.ts";

export interface PanelProps {
  readonly title?: ReactNode;
  /** At the right of the title. */
  readonly tools?: ReactNode;
  /** The body reaches the edges: for tables and lists. */
  readonly isFlush?: boolean;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A part of a page that has a title. */
export function Panel({ title, tools, isFlush = false, className, children }: PanelProps) {
  const id = useId();
  return (
    <section
      className={classes("panel", isFlush && "panel-flush", className)}
      aria-labelledby={title === undefined ? undefined : id}
    >
      {(title !== undefined || tools !== undefined) && (
        <div className="panel-head">
          {title !== undefined && (
            <h2 className="panel-title" id={id}>
              {title}
            </h2>
          )}
          {tools}
        </div>
      )}
      <div className="panel-body">{children}</div>
    </section>
  );
}
