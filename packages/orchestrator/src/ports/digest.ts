/** SHA-256, in hexadecimal: 64 characters. Texts count as UTF-8. */
export type Digest = (data: Uint8Array | string) => string;
