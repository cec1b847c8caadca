import { MusterError } from "@muster/base";

/** A text with `{column}` in it; `{{` and `}}` stand for braces. */
export interface PromptTemplate {
  /** Throws `invalid_request` where a row lacks a column. */
  fill(fields: Readonly<Record<string, string>>): string;
}

/** Braces that are doubled, a column in braces, or a brace that is alone. */
const token = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/**
 * Reads a template. Throws `invalid_request` for a brace without its partner, and for a column that is not among
 * `columns`, where these are known.
 */
export function parseTemplate(text: string, columns: readonly string[] | undefined): PromptTemplate {
  const pieces: ({ readonly literal: string } | { readonly column: string })[] = [];
  let from = 0;
  for (const match of text.matchAll(token)) {
    pieces.push({ literal: text.slice(from, match.index) });
    pieces.push(pieceOf(match, columns));
    from = match.index + match[0].length;
  }
  pieces.push({ literal: text.slice(from) });
  return {
    fill: (fields) =>
      pieces
        .map((piece) => {
          if ("literal" in piece) return piece.literal;
          const value = Object.hasOwn(fields, piece.column) ? fields[piece.column] : undefined;
          if (value === undefined) throw unknownColumn(piece.column, Object.keys(fields));
          return value;
        })
        .join(""),
  };
}

function pieceOf(match: RegExpExecArray, columns: readonly string[] | undefined) {
  const [found, inner] = match;
  if (found === "{{") return { literal: "{" };
  if (found === "}}") return { literal: "}" };
  if (inner === undefined) {
    throw new MusterError(
      "invalid_request",
      `--prompt has a "${found}" without its partner at character ${match.index + 1}. Write "${found}${found}" for the brace itself.`,
    );
  }
  const column = inner.trim();
  if (columns !== undefined && !columns.includes(column)) throw unknownColumn(column, columns);
  return { column };
}

function unknownColumn(column: string, columns: readonly string[]): MusterError {
  const known = columns.map((name) => `{${name}}`).join(", ");
  return new MusterError(
    "invalid_request",
    `--prompt names {${column}}, which the input does not have. It has ${known || "no columns"}. Braces that are meant as such are doubled: {{ and }}.`,
  );
}
