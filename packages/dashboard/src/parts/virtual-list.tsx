import { type ReactNode, type Ref, useEffect, useImperativeHandle, useMemo, useRef, useState } from "react";
import { classes } from "./classes.ts";
import { offsetsOf, type RowRange, rangeInSight } from "./virtual-range.ts";

const rowsBeside = 6;

/** What a list can be asked to do. */
export interface VirtualListHandle {
  showRow(index: number): void;
}

export interface VirtualListProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** In pixels; cheap, since it is asked for every row. */
  readonly heightOf: (row: Row) => number;
  /** Best a memoised component: it is rendered again when the list changes. */
  readonly children: (row: Row, index: number) => ReactNode;
  /** Above the rows, and stays there. */
  readonly head?: ReactNode;
  readonly className?: string;
  readonly handle?: Ref<VirtualListHandle>;
}

/** A long list of which only what is in sight is in the page. It fills the height that it is given. */
export function VirtualList<Row>(props: VirtualListProps<Row>) {
  const { label, rows, keyOf, heightOf, children, head, className, handle } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState<RowRange>({ first: 0, end: 30 });
  const offsets = useMemo(
    () =>
      offsetsOf(rows.length, (index) => {
        const row = rows[index];
        return row === undefined ? 0 : heightOf(row);
      }),
    [rows, heightOf],
  );

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const look = () => {
      const next = rangeInSight(offsets, {
        topPx: element.scrollTop,
        heightPx: element.clientHeight,
        beside: rowsBeside,
      });
      setRange((before) => (before.first === next.first && before.end === next.end ? before : next));
    };
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      watcher.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [offsets]);

  useImperativeHandle(
    handle,
    () => ({
      showRow(index) {
        const element = scroller.current;
        const top = offsets[index];
        const bottom = offsets[index + 1];
        if (element === null || top === undefined || bottom === undefined) return;
        if (top < element.scrollTop) element.scrollTop = top;
        else if (bottom > element.scrollTop + element.clientHeight) {
          element.scrollTop = bottom - element.clientHeight;
        }
      },
    }),
    [offsets],
  );

  return (
    <section
      ref={scroller}
      className={classes("virtual", className)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard.
      tabIndex={0}
      aria-label={label}
    >
      {head}
      <ul className="virtual-rows" style={{ height: `${offsets.at(-1) ?? 0}px` }}>
        {rows.slice(range.first, range.end).map((row, place) => {
          const index = range.first + place;
          return (
            <li
              key={keyOf(row)}
              className="virtual-row"
              aria-setsize={rows.length}
              aria-posinset={index + 1}
              style={{
                transform: `translateY(${offsets[index] ?? 0}px)`,
                height: `${(offsets[index + 1] ?? 0) - (offsets[index] ?? 0)}px`,
              }}
            >
              {children(row, index)}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
