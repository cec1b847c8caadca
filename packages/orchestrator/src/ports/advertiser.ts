/** What workers on the network may know of this orchestrator before they have joined. Nothing secret. */
export interface Advertised {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** The address that the fleet port is bound to; undefined: every address of the machine. */
  readonly host: string | undefined;
  readonly port: number;
  readonly needsInvitation: boolean;
}

/** Lets workers on the office network find an orchestrator. */
export interface Advertiser {
  /** Until `close`. Never rejects: an orchestrator that cannot be found is told its workers by --join. */
  start(notice: Advertised): Promise<void>;
  /** Says goodbye, so that nobody finds what is gone. Never rejects. */
  close(): Promise<void>;
}
