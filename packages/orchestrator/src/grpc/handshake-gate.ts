export interface GateLimits {
  readonly atOnce: number;
  /** Of one address, so that it cannot keep all others out. */
  readonly atOncePerAddress: number;
  readonly waiting: number;
}

interface Waiting {
  readonly address: string;
  readonly begin: (leave: () => void) => void;
}

/** Lets so many in at once; the others wait in turn. */
export class HandshakeGate {
  readonly #limits: GateLimits;
  readonly #perAddress = new Map<string, number>();
  readonly #waiting: Waiting[] = [];
  #inside = 0;

  constructor(limits: GateLimits) {
    this.#limits = limits;
  }

  /** Calls `begin`, now or later, which must call `leave` in the end. False where too many wait. */
  enter(address: string, begin: Waiting["begin"]): boolean {
    const one = { address, begin };
    if (this.#hasRoom(address)) this.#admit(one);
    else if (this.#waiting.length < this.#limits.waiting) this.#waiting.push(one);
    else return false;
    return true;
  }

  #hasRoom(address: string): boolean {
    const { atOnce, atOncePerAddress } = this.#limits;
    return this.#inside < atOnce && (this.#perAddress.get(address) ?? 0) < atOncePerAddress;
  }

  #admit({ address, begin }: Waiting): void {
    this.#inside += 1;
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    let isInside = true;
    begin(() => {
      if (!isInside) return;
      isInside = false;
      this.#inside -= 1;
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
      this.#admitNext();
    });
  }

  #admitNext(): void {
    const at = this.#waiting.findIndex(({ address }) => this.#hasRoom(address));
    const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (next !== undefined) this.#admit(next);
  }
}
