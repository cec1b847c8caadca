import { type KeyboardEvent, type ReactNode, useRef } from "react";

export interface Choice {
  readonly id: string;
  readonly label: ReactNode;
}

export interface TabsProps {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}

/** Parts of a page, one at a time. The panel below is the caller's: `role="tabpanel"`. */
export function Tabs(props: TabsProps) {
  return <Choices {...props} role="tablist" className="tabs" itemClass="tab" />;
}

/** A choice of few, all in sight: a span of time, a view. */
export function Segments(props: TabsProps) {
  return <Choices {...props} role="radiogroup" className="segments" itemClass="segment" />;
}

interface ChoicesProps extends TabsProps {
  readonly role: "tablist" | "radiogroup";
  readonly className: string;
  readonly itemClass: string;
}

function Choices({ label, choices, chosen, onChoose, role, className, itemClass }: ChoicesProps) {
  const list = useRef<HTMLDivElement>(null);
  const isTabs = role === "tablist";

  // Arrows move the choice, as native radio buttons do.
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const index = choices.findIndex(({ id }) => id === chosen);
    const next = choices[(index + step + choices.length) % choices.length];
    if (next === undefined) return;
    onChoose(next.id);
    const buttons = list.current?.querySelectorAll("button");
    buttons?.[choices.indexOf(next)]?.focus();
  };

  const named = { role, "aria-label": label };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: its role is in `named`.
    <div ref={list} {...named} className={className} onKeyDown={onKeyDown}>
      {choices.map(({ id, label: name }) => (
        <button
          key={id}
          type="button"
          role={isTabs ? "tab" : "radio"}
          className={itemClass}
          tabIndex={id === chosen ? 0 : -1}
          {...(isTabs ? { "aria-selected": id === chosen } : { "aria-checked": id === chosen })}
          onClick={() => onChoose(id)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
