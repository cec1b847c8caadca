import type { ReactNode } from "react";
import "./view-head.css";

interface ViewHeadProps {
  readonly title: ReactNode;
  /** Where one comes from: a link. */
  readonly before?: ReactNode;
  /** At the right. */
  readonly children?: ReactNode;
}

/** The title of a page, with what can be done on it. */
export function ViewHead({ title, before, children }: ViewHeadProps) {
  return (
    <header className="view-head">
      <div className="view-head-title">
        {before}
        <h1>{title}</h1>
      </div>
      {children !== undefined && <div className="row">{children}</div>}
    </header>
  );
}
