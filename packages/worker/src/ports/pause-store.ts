/** The owner wants the machine back. */
export interface Pause {
  /** In Unix time; undefined: until it is taken back. */
  readonly untilMs: number | undefined;
}

/** Keeps the owner's pause, so that a restart of the worker does not end it. */
export interface PauseStore {
  /** Undefined: there is none. Never rejects: what cannot be read is none. */
  read(): Promise<Pause | undefined>;
  write(pause: Pause | undefined): Promise<void>;
}
