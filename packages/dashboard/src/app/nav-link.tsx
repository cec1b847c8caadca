import type { Finding } from "@muster/sdk";
import { hashOf } from "../data/route.ts";
import { useLive } from "../data/use-live.ts";
import { count } from "../format/numbers.ts";
import { Icon } from "../parts/icon.tsx";
import type { ViewEntry } from "./views.ts";

export interface NavLinkProps {
  readonly entry: ViewEntry;
  readonly isCurrent: boolean;
}

export function NavLink({ entry, isCurrent }: NavLinkProps) {
  return (
    <a className="nav-link" href={hashOf(entry.id)} aria-current={isCurrent ? "page" : undefined}>
      <Icon name={entry.icon} />
      <span className="nav-title">{entry.title}</span>
      {entry.id === "now" && <FindingsCount />}
    </a>
  );
}

const isPressing = ({ severity }: Finding) => severity !== "note";

/** How much somebody should look at; notes do not count. */
function FindingsCount() {
  const problems = useLive(
    ({ findings }) => findings.filter(({ severity }) => severity === "problem").length,
  );
  const pressing = useLive(({ findings }) => findings.filter(isPressing).length);
  if (pressing === 0) return null;
  return (
    <span className={problems > 0 ? "nav-count nav-count-bad" : "nav-count"}>
      {pressing}
      <span className="unseen"> {count(pressing, "finding")} to look at</span>
    </span>
  );
}
