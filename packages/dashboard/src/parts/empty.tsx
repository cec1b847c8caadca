import type { ReactNode } from "react";
import { Icon, type IconName } from "./icon.tsx";

export interface EmptyProps {
  readonly icon?: IconName;
  readonly title: string;
  /** What to do next; often a `Code`. */
  readonly children?: ReactNode;
}

/** There is nothing here yet, and this is how there will be. */
export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div className="empty">
      {icon !== undefined && <Icon name={icon} />}
      <h2>{title}</h2>
      {typeof children === "string" ? <p className="empty-text">{children}</p> : children}
    </div>
  );
}
