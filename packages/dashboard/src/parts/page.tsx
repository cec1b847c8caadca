import { type ReactNode, useEffect } from "react";
import { classes } from "./classes.ts";

export interface PageProps {
  /** Of the browser's tab, and the heading. */
  readonly title: string;
  /** Shown as the heading in place of the title. */
  readonly heading?: ReactNode;
  /** Above the heading: a link to where one came from. */
  readonly before?: ReactNode;
  /** Below the heading: what the page is about, in a sentence. */
  readonly lead?: ReactNode;
  /** At the right of the heading. */
  readonly tools?: ReactNode;
  /** As tall as the window: for a list that scrolls by itself. */
  readonly isTall?: boolean;
  readonly children: ReactNode;
}

/** The frame of every view. */
export function Page({ title, heading = title, before, lead, tools, isTall = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Muster`;
  }, [title]);
  return (
    <div className={classes("page", isTall && "page-tall")}>
      <header className="page-head">
        <div className="grow">
          {before !== undefined && <p className="page-before">{before}</p>}
          <h1>{heading}</h1>
          {lead !== undefined && <p className="page-lead">{lead}</p>}
        </div>
        {tools !== undefined && <div className="page-tools">{tools}</div>}
      </header>
      {children}
    </div>
  );
}
