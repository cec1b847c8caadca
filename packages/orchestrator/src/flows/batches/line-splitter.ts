/** One line of an input file, as it lies there. */
export interface RawLine {
  /** Without the line end; undefined for a line that is longer than allowed. Valid until the next lines are asked for. */
  readonly bytes: Uint8Array | undefined;
  readonly offset: number;
  readonly length: number;
  /** From 1; blank lines count. */
  readonly lineNumber: number;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const tab = 0x09;

/**
 * Cuts a stream of bytes at its line ends (`\n`, `\r\n`) and gives the lines that are not blank, as many at once as a
 * chunk ends. No more than a chunk and one line are held.
 */
export async function* splitLines(
  content: AsyncIterable<Uint8Array>,
  { maxLineBytes }: { readonly maxLineBytes: number },
): AsyncIterable<readonly RawLine[]> {
  const cutter = new LineCutter(maxLineBytes);
  for await (const chunk of content) {
    const lines = cutter.push(chunk);
    if (lines.length > 0) yield lines;
  }
  const last = cutter.end();
  if (last.length > 0) yield last;
}

class LineCutter {
  readonly #maxLineBytes: number;
  /** Pieces of the line that the last chunk ended in; none are kept of one that is too long. */
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  /** Where the line that is being read begins. */
  #offset = 0;
  #lineNumber = 1;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  push(chunk: Uint8Array): RawLine[] {
    const lines: RawLine[] = [];
    let from = 0;
    for (;;) {
      const to = chunk.indexOf(lineFeed, from);
      if (to < 0) break;
      this.#endLine(chunk.subarray(from, to), lines);
      from = to + 1;
    }
    this.#keep(chunk.subarray(from));
    return lines;
  }

  end(): RawLine[] {
    const lines: RawLine[] = [];
    this.#endLine(new Uint8Array(), lines);
    return lines;
  }

  #keep(piece: Uint8Array): void {
    if (piece.byteLength === 0) return;
    this.#pieceBytes += piece.byteLength;
    // One more than allowed, for a carriage return.
    if (this.#pieceBytes > this.#maxLineBytes + 1) this.#pieces = [];
    // Copied: whoever gave the chunk may use its memory again.
    else this.#pieces.push(piece.slice());
  }

  #endLine(rest: Uint8Array, lines: RawLine[]): void {
    const total = this.#pieceBytes + rest.byteLength;
    const isHeld = total <= this.#maxLineBytes + 1;
    const bytes = isHeld ? withoutReturn(joined(this.#pieces, this.#pieceBytes, rest)) : undefined;
    const length = bytes?.byteLength ?? total;
    if (bytes === undefined || !isBlank(bytes)) {
      const isTooLong = length > this.#maxLineBytes;
      lines.push({
        bytes: isTooLong ? undefined : bytes,
        offset: this.#offset,
        length,
        lineNumber: this.#lineNumber,
      });
    }
    this.#offset += total + 1;
    this.#lineNumber += 1;
    this.#pieces = [];
    this.#pieceBytes = 0;
  }
}

function joined(pieces: readonly Uint8Array[], pieceBytes: number, rest: Uint8Array): Uint8Array {
  if (pieceBytes === 0) return rest;
  const whole = new Uint8Array(pieceBytes + rest.byteLength);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  whole.set(rest, at);
  return whole;
}

function withoutReturn(line: Uint8Array): Uint8Array {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
}

function isBlank(line: Uint8Array): boolean {
  for (const byte of line) if (byte !== space && byte !== tab && byte !== carriageReturn) return false;
  return true;
}
