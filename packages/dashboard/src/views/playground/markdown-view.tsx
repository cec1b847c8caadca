import { Fragment, type ReactNode } from "react";
import { Code } from "../../parts/code.tsx";
import { type Align, type Block, type Inline, parseMarkdown } from "./markdown.ts";

/** An answer as its marks mean it: elements of React alone, so that nothing in it can be more than text. */
export function Markdown({ text }: { readonly text: string }) {
  return <div className="markdown">{blocks(parseMarkdown(text))}</div>;
}

/** Parts keep their places while an answer grows: their numbers are what they are known by. */
function placed<Item>(items: readonly Item[], view: (item: Item, place: number) => ReactNode): ReactNode {
  return items.map((item, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: see above.
    <Fragment key={place}>{view(item, place)}</Fragment>
  ));
}

const blocks = (all: readonly Block[]) => placed(all, (block) => <BlockView block={block} />);
const inlines = (all: readonly Inline[]) => placed(all, (inline) => <InlineView inline={inline} />);

function BlockView({ block }: { readonly block: Block }) {
  switch (block.kind) {
    case "paragraph":
      return <p>{inlines(block.inlines)}</p>;
    case "heading":
      return <Heading level={block.level}>{inlines(block.inlines)}</Heading>;
    case "code":
      return <Code text={block.text} />;
    case "quote":
      return <blockquote>{blocks(block.blocks)}</blockquote>;
    case "list":
      return <ListView list={block} />;
    case "table":
      return <TableView table={block} />;
    case "rule":
      return <hr />;
    default:
      return block satisfies never;
  }
}

/** Below the headings of the page. */
function Heading({ level, children }: { readonly level: number; readonly children: ReactNode }) {
  if (level <= 1) return <h3>{children}</h3>;
  return level === 2 ? <h4>{children}</h4> : <h5>{children}</h5>;
}

function ListView({ list }: { readonly list: Extract<Block, { readonly kind: "list" }> }) {
  const items = placed(list.items, (item) => <li>{itemOf(item)}</li>);
  return list.isOrdered ? <ol start={list.start}>{items}</ol> : <ul>{items}</ul>;
}

/** A short item is a line, not a paragraph. */
function itemOf(item: readonly Block[]): ReactNode {
  const [first, ...others] = item;
  if (first?.kind !== "paragraph") return blocks(item);
  return (
    <>
      <span className="markdown-line">{inlines(first.inlines)}</span>
      {blocks(others)}
    </>
  );
}

const alignClass: Readonly<Record<Align, string | undefined>> = {
  ...{ left: undefined, center: "markdown-center", right: "end" },
};

type Row = readonly (readonly Inline[])[];

function TableView({ table }: { readonly table: Extract<Block, { readonly kind: "table" }> }) {
  const classAt = (index: number) => alignClass[table.aligns[index] ?? "left"];
  const rowOf = (row: Row) =>
    placed(row, (cell, place) => <td className={classAt(place)}>{inlines(cell)}</td>);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard.
    <section className="table-scroll" tabIndex={0} aria-label="Table of the answer">
      <table>
        <thead>
          <tr>
            {placed(table.head, (cell, place) => (
              <th className={classAt(place)}>{inlines(cell)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {placed(table.rows, (row) => (
            <tr>{rowOf(row)}</tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function InlineView({ inline }: { readonly inline: Inline }) {
  switch (inline.kind) {
    case "text":
      return inline.text;
    case "code":
      return <code className="code-inline">{inline.text}</code>;
    case "strong":
      return <strong>{inlines(inline.inlines)}</strong>;
    case "emphasis":
      return <em>{inlines(inline.inlines)}</em>;
    case "strike":
      return <s>{inlines(inline.inlines)}</s>;
    case "link":
      return (
        <a href={inline.href} target="_blank" rel="noopener noreferrer nofollow" data-tip={inline.href}>
          {inlines(inline.inlines)}
        </a>
      );
    default:
      return inline satisfies never;
  }
}
