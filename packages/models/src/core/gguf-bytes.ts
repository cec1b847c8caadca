/** A metadata entry to write: its key, its type by number in the GGUF format, and its encoded value. */
export interface GgufEntry {
  readonly key: string;
  readonly type: number;
  readonly value: Uint8Array;
}

/** Writes small GGUF files of Float32 zeros: for tests and demonstrations, never for real weights. */
export function writeGguf(options: {
  readonly entries?: readonly GgufEntry[];
  readonly tensors?: readonly { readonly name: string; readonly elements: number }[];
}): Uint8Array {
  const { entries = [], tensors = [] } = options;
  const head: Uint8Array[] = [ascii("GGUF"), u32(3), u64(tensors.length), u64(entries.length)];
  for (const entry of entries) head.push(text(entry.key), u32(entry.type), entry.value);
  let dataBytes = 0;
  for (const tensor of tensors) {
    head.push(text(tensor.name), u32(1), u64(tensor.elements), u32(0), u64(dataBytes));
    dataBytes = align(dataBytes + tensor.elements * 4);
  }
  const header = join(head);
  return join([header, new Uint8Array(align(header.length) - header.length), new Uint8Array(dataBytes)]);
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

export function u64(value: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

/** A GGUF string: its length, then its bytes. */
export function text(value: string): Uint8Array {
  const bytes = ascii(value);
  return join([u64(bytes.length), bytes]);
}

/** A GGUF array: the type of its items, their number, the items. */
export function array(itemType: number, items: readonly Uint8Array[]): Uint8Array {
  return join([u32(itemType), u64(items.length), ...items]);
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function ascii(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function align(bytes: number): number {
  return Math.ceil(bytes / 32) * 32;
}
