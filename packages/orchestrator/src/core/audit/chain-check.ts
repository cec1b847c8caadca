import { type AuditHead, type AuditRecord, sealedText } from "./audit-record.ts";

/** Something that does not fit together. */
export interface AuditFault {
  readonly log: string;
  /** The record, by its number; 0 for a log as a whole. */
  readonly seq: number;
  readonly kind:
    | "edited"
    | "missing"
    | "out_of_order"
    | "broken_chain"
    | "unreadable"
    | "cut"
    | "replaced"
    | "other_key";
  /** A sentence for people. */
  readonly says: string;
}

type Seal = (text: string) => string;

/** Records are written in groups; one that may not have arrived is written again, whole. */
const maxGroup = 1_024;

/** Goes along one log, record by record. */
export class ChainCheck {
  readonly #log: string;
  readonly #seal: Seal;
  /** Numbers whose hashes somebody else has noted. */
  readonly #wanted: ReadonlyMap<number, readonly string[]>;
  readonly #seen = new Map<number, string>();
  readonly #recent = new Map<number, string>();
  #last: AuditHead | undefined;
  #records = 0;

  constructor(log: string, deps: { readonly seal: Seal; readonly noted: readonly AuditHead[] }) {
    this.#log = log;
    this.#seal = deps.seal;
    const wanted = new Map<number, string[]>();
    for (const { seq, hash } of deps.noted) wanted.set(seq, [...(wanted.get(seq) ?? []), hash]);
    this.#wanted = wanted;
  }

  get head(): AuditHead | undefined {
    return this.#last;
  }

  get records(): number {
    return this.#records;
  }

  /** What is wrong with the next record; undefined: nothing. */
  next(record: AuditRecord): AuditFault | undefined {
    const { seq, hash, prev } = record;
    const before = this.#last;
    // What was written again because nobody knew whether it had been is there twice, the same to the letter.
    if (this.#recent.get(seq) === hash) return this.#edited(record);
    this.#recent.set(seq, hash);
    this.#recent.delete(seq - maxGroup);
    const expected = (before?.seq ?? 0) + 1;
    this.#records += 1;
    this.#last = { log: this.#log, seq, hash };
    if (this.#wanted.has(seq)) this.#seen.set(seq, hash);
    const edited = this.#edited(record);
    if (edited !== undefined) return edited;
    if (seq > expected)
      return this.#fault(expected, "missing", `${numbers(expected, seq - 1)} missing before record ${seq}.`);
    if (seq < expected)
      return this.#fault(seq, "out_of_order", `Record ${seq} stands behind record ${expected - 1}.`);
    if (prev !== (before?.hash ?? ""))
      return this.#fault(seq, "broken_chain", `Record ${seq} does not follow from the one before it.`);
    return undefined;
  }

  unreadable(): AuditFault {
    const seq = (this.#last?.seq ?? 0) + 1;
    return this.#fault(seq, "unreadable", `What stands where record ${seq} should be is no record.`);
  }

  /** At the end: whether what others have noted of this log is still there. */
  finish(): readonly AuditFault[] {
    const last = this.#last?.seq ?? 0;
    return [...this.#wanted].flatMap(([seq, hashes]) => {
      const found = this.#seen.get(seq);
      if (found === undefined)
        return [
          this.#fault(
            seq,
            "cut",
            last === 0
              ? `The log is gone: another has noted its record ${seq}.`
              : `Record ${seq} was noted elsewhere, and the log ends with record ${last}.`,
          ),
        ];
      return hashes.every((hash) => hash === found)
        ? []
        : [this.#fault(seq, "replaced", `Record ${seq} is not the one that was noted elsewhere.`)];
    });
  }

  #edited(record: AuditRecord): AuditFault | undefined {
    return this.#seal(sealedText(record)) === record.hash
      ? undefined
      : this.#fault(record.seq, "edited", `Record ${record.seq} was changed, or was not written by Muster.`);
  }

  #fault(seq: number, kind: AuditFault["kind"], says: string): AuditFault {
    return { log: this.#log, seq, kind, says };
  }
}

function numbers(from: number, to: number): string {
  return from === to ? `Record ${from} is` : `Records ${from} to ${to} are`;
}
