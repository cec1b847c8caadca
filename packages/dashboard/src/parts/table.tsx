import { type ReactNode, useMemo, useState } from "react";
import { classes } from "./classes.ts";
import { type Sorting, type SortValue, sorted } from "./sorting.ts";

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** Explains the title. */
  readonly tip?: string;
  /** Figures stand at the end. */
  readonly isEnd?: boolean;
  /** Left out on phones. */
  readonly isWideOnly?: boolean;
  readonly width?: string;
  /** What it is sorted by; without it the column is not sortable. */
  readonly sortBy?: (row: Row) => SortValue;
  readonly cell: (row: Row) => ReactNode;
}

export interface TableProps<Row> {
  /** What the table is about; said, not shown. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly initialSort?: Sorting;
  /** Rows can be pressed; the first column should have a link or button for the keyboard. */
  readonly onOpen?: (row: Row) => void;
  /** Scrolls inside, below a head that stays. */
  readonly maxHeight?: string;
}

/** Rows that can be sorted. The first column names them. For very long lists see `VirtualList`. */
export function Table<Row>(props: TableProps<Row>) {
  const { caption, columns, rows, keyOf, initialSort, onOpen, maxHeight } = props;
  const [sorting, setSorting] = useState<Sorting | undefined>(initialSort);

  const shown = useMemo(() => {
    const sortBy = columns.find(({ id }) => id === sorting?.column)?.sortBy;
    return sorting === undefined || sortBy === undefined ? rows : sorted(rows, sortBy, sorting.isDescending);
  }, [columns, rows, sorting]);

  return (
    <div
      className="table-scroll"
      style={maxHeight === undefined ? undefined : { maxHeight }}
      // What scrolls must be reachable with the keyboard.
      tabIndex={maxHeight === undefined ? undefined : 0}
    >
      <table className="table">
        <caption className="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.id} column={column} sorting={sorting} onSort={setSorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            // For the keyboard, the first cell has a link or button that does the same.
            <tr
              key={keyOf(row)}
              data-opens={onOpen === undefined ? undefined : ""}
              onClick={(event) => {
                if (onOpen === undefined || isControl(event.target)) return;
                onOpen(row);
              }}
            >
              {columns.map((column, index) => {
                const className = classOf(column);
                return index === 0 ? (
                  <th key={column.id} scope="row" className={className}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.id} className={className}>
                    {column.cell(row)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeadProps<Row> {
  readonly column: Column<Row>;
  readonly sorting: Sorting | undefined;
  readonly onSort: (sorting: Sorting) => void;
}

function Head<Row>({ column, sorting, onSort }: HeadProps<Row>) {
  const { id, title, tip, width, sortBy } = column;
  const isSorted = sorting?.column === id;
  const isDescending = isSorted && sorting.isDescending;
  const order = isDescending ? "descending" : "ascending";
  return (
    <th
      scope="col"
      className={classOf(column)}
      style={width === undefined ? undefined : { width }}
      aria-sort={sortBy === undefined ? undefined : isSorted ? order : "none"}
      data-tip={tip}
      aria-description={tip}
    >
      {sortBy === undefined ? (
        title || <span className="unseen">What can be done</span>
      ) : (
        <button
          type="button"
          className="sorter"
          // Figures are most often looked for from the top.
          onClick={() =>
            onSort({ column: id, isDescending: isSorted ? !isDescending : column.isEnd === true })
          }
        >
          {title}
          <span className="sorter-arrow" aria-hidden="true">
            {isSorted ? (isDescending ? "↓" : "↑") : ""}
          </span>
        </button>
      )}
    </th>
  );
}

function classOf<Row>({ isEnd, isWideOnly }: Column<Row>): string | undefined {
  return classes(isEnd === true && "end", isWideOnly === true && "wide-only") || undefined;
}

function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, select, label") !== null;
}
