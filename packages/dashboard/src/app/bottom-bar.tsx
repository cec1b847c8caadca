import type { DashboardSession } from "@muster/sdk";
import { useState } from "react";
import { hashOf } from "../data/route.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Icon } from "../parts/icon.tsx";
import { Account } from "./account.tsx";
import { Connection } from "./connection.tsx";
import { NavLink } from "./nav-link.tsx";
import type { ViewEntry } from "./views.ts";

/** As many as a thumb finds without looking. */
const shownDirectly = 4;

export interface BottomBarProps {
  readonly offered: readonly ViewEntry[];
  readonly shown: string | undefined;
  readonly session: DashboardSession;
}

/** The navigation of phones. */
export function BottomBar({ offered, shown, session }: BottomBarProps) {
  const [isOpen, setOpen] = useState(false);
  const direct = offered.slice(0, shownDirectly);
  const rest = offered.slice(shownDirectly);
  return (
    <nav className="bottom-bar" aria-label="Views">
      {direct.map((entry) => (
        <NavLink key={entry.id} entry={entry} isCurrent={entry.id === shown} />
      ))}
      <button
        type="button"
        className="nav-link"
        aria-haspopup="dialog"
        aria-current={rest.some(({ id }) => id === shown) ? "page" : undefined}
        onClick={() => setOpen(true)}
      >
        <Icon name="more" />
        <span className="nav-title">More</span>
      </button>
      {isOpen && (
        <Dialog title="Muster" onClose={() => setOpen(false)}>
          <div className="stack">
            {rest.length > 0 && (
              <ul className="more-links">
                {rest.map(({ id, icon, title }) => (
                  <li key={id}>
                    <a className="nav-link" href={hashOf(id)} onClick={() => setOpen(false)}>
                      <Icon name={icon} />
                      {title}
                    </a>
                  </li>
                ))}
              </ul>
            )}
            <Connection />
            <Account session={session} />
          </div>
        </Dialog>
      )}
    </nav>
  );
}
