/** 32-bit FNV-1a over UTF-16 code units. */
function fnv1a(text: string, length = text.length): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

const leadingRange = { least: 1_024, most: 2_048 };

/** What lines with the same long beginning have in common; 0 for a beginning too short to be worth it. */
export function prefixOf(leading: string): number {
  if (leading.length < leadingRange.least) return 0;
  return fnv1a(leading, Math.min(leading.length, leadingRange.most)) || 1;
}

/**
 * A set of texts by 64 bits of hash each: a million in 16 MiB. Two different texts are taken for one with a chance of
 * 3 in 100 million at that size.
 */
export class TextHashSet {
  /** Pairs of 32 bits; two zeros are a free place. */
  #slots = new Uint32Array(2 * 1_024);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False if it is there already. */
  add(text: string): boolean {
    const { low, high } = hash64(text);
    if (!this.#insert(low, high)) return false;
    this.#size += 1;
    // At most three quarters full.
    if (this.#size * 8 > this.#slots.length * 3) this.#grow();
    return true;
  }

  #insert(low: number, high: number): boolean {
    const mask = this.#slots.length / 2 - 1;
    for (let place = low & mask; ; place = (place + 1) & mask) {
      const at = 2 * place;
      if (this.#slots[at] === 0 && this.#slots[at + 1] === 0) {
        this.#slots[at] = low;
        this.#slots[at + 1] = high;
        return true;
      }
      if (this.#slots[at] === low && this.#slots[at + 1] === high) return false;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    for (let at = 0; at < old.length; at += 2) {
      const low = old[at] ?? 0;
      const high = old[at + 1] ?? 0;
      if (low !== 0 || high !== 0) this.#insert(low, high);
    }
  }
}

/** Two lanes with different multipliers, mixed into each other at the end. Never both 0. */
function hash64(text: string): { readonly low: number; readonly high: number } {
  let a = 0x9e3779b9;
  let b = 0x85ebca6b;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x27d4eb2f);
    b ^= b >>> 15;
  }
  a ^= b >>> 13;
  b ^= Math.imul(a, 0xc2b2ae35);
  const low = mixed(a) >>> 0;
  const high = mixed(b) >>> 0;
  return low === 0 && high === 0 ? { low: 1, high: 0 } : { low, high };
}

function mixed(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
