export interface GateLimits {
  readonly atOnce: number;
  /** Of one address, so that it cannot keep all others out. */
  readonly atOncePerAddress: number;
  readonly waiting: number;
}

interface Waiting {
  readonly address: string;
  readonly begin: (leave: () => void) => void;
  /** It must go: others have fewer here. */
  readonly turnAway: () => void;
}

/**
 * Lets so many in at once; the others wait. Room goes to the address that has the least inside, and where too many wait
 * the last one of the address with the most goes: a few that stand around keep nobody out.
 */
export class HandshakeGate {
  readonly #limits: GateLimits;
  readonly #perAddress = new Map<string, number>();
  readonly #waiting: Waiting[] = [];
  #total = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  /** Calls `begin`, now or later, which must call `leave` in the end; or `turnAway` where too many wait. */
  enter(one: Waiting): void {
    if (this.#hasRoom(one.address)) {
      this.#admit(one);
      return;
    }
    this.#waiting.push(one);
    if (this.#waiting.length > this.#limits.waiting) this.#turnOneAway(one.address);
  }

  /** @param newest the address of the one that came last, which goes where no other has more */
  #turnOneAway(newest: string): void {
    const counts = new Map<string, number>();
    for (const { address } of this.#waiting) counts.set(address, (counts.get(address) ?? 0) + 1);
    let most = newest;
    for (const [address, count] of counts) if (count > (counts.get(most) ?? 0)) most = address;
    const at = this.#waiting.findLastIndex(({ address }) => address === most);
    for (const { turnAway } of this.#waiting.splice(at, 1)) turnAway();
  }

  #hasRoom(address: string): boolean {
    const { atOnce, atOncePerAddress } = this.#limits;
    return this.#total < atOnce && (this.#perAddress.get(address) ?? 0) < atOncePerAddress;
  }

  #inside({ address }: Waiting): number {
    return this.#perAddress.get(address) ?? 0;
  }

  #admit({ address, begin }: Waiting): void {
    this.#total += 1;
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    let isInside = true;
    begin(() => {
      if (!isInside) return;
      isInside = false;
      this.#total -= 1;
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
      this.#admitNext();
    });
  }

  #admitNext(): void {
    let next: Waiting | undefined;
    for (const one of this.#waiting)
      if (this.#hasRoom(one.address) && (next === undefined || this.#inside(one) < this.#inside(next)))
        next = one;
    if (next === undefined) return;
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    this.#admit(next);
  }
}
