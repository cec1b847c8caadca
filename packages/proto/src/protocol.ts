/** The protocol versions that this build speaks, both ends included. */
export const protocolVersions = { min: 1, max: 1 } as const;
