/** One line that lets one worker join: where to, whom to trust there, and the secret that counts once. */
export interface Invitation {
  /** `host:port` of a fleet port. */
  readonly address: string;
  /** SHA-256 of the authority's public key (its SubjectPublicKeyInfo). */
  readonly pin: Uint8Array;
  readonly secret: Uint8Array;
}

/** `muster://host:port#<pin>.<secret>`, both of 32 bytes in base64url. */
export const invitationPattern =
  /^muster:\/\/((?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]{1,253}):\d{1,5})\/?#([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

export function formatInvitation({ address, pin, secret }: Invitation): string {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  return `muster://${address}#${text(pin)}.${text(secret)}`;
}

/** Undefined for what is no invitation. */
export function parseInvitation(text: string): Invitation | undefined {
  const [, address, pin, secret] = invitationPattern.exec(text.trim()) ?? [];
  if (address === undefined || pin === undefined || secret === undefined) return undefined;
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  if (port < 1 || port > 65_535) return undefined;
  return { address, pin: Buffer.from(pin, "base64url"), secret: Buffer.from(secret, "base64url") };
}
