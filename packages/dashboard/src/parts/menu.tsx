import { type KeyboardEvent, useId, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { Button, IconButton } from "./button.tsx";
import { classes } from "./classes.ts";
import { Icon, type IconName } from "./icon.tsx";
import { placeNear } from "./place.ts";

export type MenuEntry =
  | {
      readonly kind?: "item";
      readonly id: string;
      readonly label: string;
      readonly icon?: IconName;
      readonly isDangerous?: boolean;
      readonly isDisabled?: boolean;
      readonly onChoose: () => void;
    }
  | { readonly kind: "line"; readonly id: string };

export interface MenuProps {
  readonly label: string;
  readonly icon?: IconName;
  /** Shows the label beside the icon. */
  readonly isWorded?: boolean;
  readonly isSmall?: boolean;
  readonly entries: readonly MenuEntry[];
}

/** A button with things to do below it. */
export function Menu({ label, icon = "more", isWorded = false, isSmall = false, entries }: MenuProps) {
  const list = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLSpanElement>(null);
  const id = useId();
  // A list of workers has many menus: what is in them is there only while they are open.
  const [isOpen, setOpen] = useState(false);

  const items = () => [...(list.current?.querySelectorAll<HTMLButtonElement>("button:enabled") ?? [])];
  const onKeyDown = (event: KeyboardEvent) => {
    const all = items();
    const index = all.indexOf(document.activeElement as HTMLButtonElement);
    const target = {
      ArrowDown: all[(index + 1) % all.length],
      ArrowUp: all[(index - 1 + all.length) % all.length],
      Home: all[0],
      End: all.at(-1),
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    target.focus();
  };
  const button = {
    "aria-haspopup": "menu",
    popoverTarget: id,
    isSmall,
  } as const;

  return (
    <>
      <span ref={opener}>
        {isWorded ? (
          <Button {...button} icon={icon}>
            {label}
          </Button>
        ) : (
          <IconButton {...button} label={label} icon={icon} />
        )}
      </span>
      <div
        ref={list}
        id={id}
        className="menu"
        popover="auto"
        role="menu"
        tabIndex={-1}
        aria-label={label}
        onKeyDown={onKeyDown}
        onBeforeToggle={(event) => {
          if (event.newState === "open") flushSync(() => setOpen(true));
        }}
        onToggle={(event) => {
          setOpen(event.newState === "open");
          if (event.newState !== "open" || opener.current === null || list.current === null) return;
          placeNear(list.current, opener.current.getBoundingClientRect());
          items()[0]?.focus();
        }}
      >
        {(isOpen ? entries : []).map((entry) =>
          entry.kind === "line" ? (
            <hr key={entry.id} className="menu-line" />
          ) : (
            <button
              key={entry.id}
              type="button"
              role="menuitem"
              className={classes("menu-item", entry.isDangerous === true && "menu-item-danger")}
              disabled={entry.isDisabled === true}
              onClick={() => {
                list.current?.hidePopover();
                entry.onChoose();
              }}
            >
              {entry.icon !== undefined && <Icon name={entry.icon} />}
              {entry.label}
            </button>
          ),
        )}
      </div>
    </>
  );
}
