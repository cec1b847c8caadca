const stopMark = Symbol("gguf-stop");

/** How a reading ends early; travels as an exception inside the reader only. */
export interface GgufStop {
  readonly [stopMark]: true;
  readonly outcome:
    | { readonly kind: "need-more"; readonly bytes: number }
    | { readonly kind: "invalid"; readonly reason: string };
}

export function isGgufStop(thrown: unknown): thrown is GgufStop {
  return typeof thrown === "object" && thrown !== null && stopMark in thrown;
}

const scalarSizes: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const decoder = new TextDecoder();

/** Walks over little-endian bytes, and stops the reading where they end or make no sense. */
export class GgufCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #maxBytes: number;
  #position = 0;

  constructor(bytes: Uint8Array, maxBytes: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#maxBytes = maxBytes;
  }

  get position(): number {
    return this.#position;
  }

  refuse(reason: string): never {
    throw { [stopMark]: true, outcome: { kind: "invalid", reason } } satisfies GgufStop;
  }

  /** Moves over `length` bytes and gives where they begin. */
  skip(length: number): number {
    const start = this.#position;
    const end = start + length;
    if (end > this.#maxBytes) this.refuse(`its header claims to be longer than ${this.#maxBytes} bytes`);
    if (end > this.#bytes.length) {
      throw { [stopMark]: true, outcome: { kind: "need-more", bytes: end } } satisfies GgufStop;
    }
    this.#position = end;
    return start;
  }

  u8(): number {
    return this.#view.getUint8(this.skip(1));
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  /** A 64-bit count of at most `max`; `what` names it where it is refused. */
  count(max: number, what: string): number {
    const value = this.#view.getBigUint64(this.skip(8), true);
    if (value > BigInt(max)) return this.refuse(`it claims ${value} ${what}, and ${max} is the most allowed`);
    return Number(value);
  }

  text(maxBytes: number, what: string): string {
    const length = this.count(maxBytes, `bytes in ${what}`);
    const start = this.skip(length);
    return decoder.decode(this.#bytes.subarray(start, start + length));
  }

  skipText(maxBytes: number, what: string): void {
    this.skip(this.count(maxBytes, `bytes in ${what}`));
  }

  scalarBytes(type: number): number {
    return scalarSizes[type] ?? this.refuse(`its metadata has a value of the unknown type ${type}`);
  }

  scalar(type: number): number | bigint | boolean {
    const at = this.skip(this.scalarBytes(type));
    switch (type) {
      case 0:
        return this.#view.getUint8(at);
      case 1:
        return this.#view.getInt8(at);
      case 2:
        return this.#view.getUint16(at, true);
      case 3:
        return this.#view.getInt16(at, true);
      case 4:
        return this.#view.getUint32(at, true);
      case 5:
        return this.#view.getInt32(at, true);
      case 6:
        return this.#view.getFloat32(at, true);
      case 7:
        return this.#view.getUint8(at) !== 0;
      case 10:
        return numberWherePossible(this.#view.getBigUint64(at, true));
      case 11:
        return numberWherePossible(this.#view.getBigInt64(at, true));
      default:
        return this.#view.getFloat64(at, true);
    }
  }
}

function numberWherePossible(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
