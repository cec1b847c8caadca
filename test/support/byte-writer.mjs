/** Grows a string of bytes, little-endian throughout, with strings as GGUF writes them. */
export class ByteWriter {
  /** @type {Buffer[]} */
  #parts = [];
  length = 0;

  bytes(/** @type {Buffer} */ part) {
    this.#parts.push(part);
    this.length += part.length;
  }

  /** A number of `size` bytes, put there by `write`. */
  #number(/** @type {number} */ size, /** @type {(part: Buffer) => void} */ write) {
    const part = Buffer.alloc(size);
    write(part);
    this.bytes(part);
  }

  uint32(/** @type {number} */ value) {
    this.#number(4, (part) => part.writeUInt32LE(value));
  }

  int32(/** @type {number} */ value) {
    this.#number(4, (part) => part.writeInt32LE(value));
  }

  float32(/** @type {number} */ value) {
    this.#number(4, (part) => part.writeFloatLE(value));
  }

  uint64(/** @type {number} */ value) {
    this.#number(8, (part) => part.writeBigUInt64LE(BigInt(value)));
  }

  string(/** @type {string} */ text) {
    const part = Buffer.from(text, "utf8");
    this.uint64(part.length);
    this.bytes(part);
  }

  /** Zeros up to a multiple of `alignment` bytes. */
  pad(/** @type {number} */ alignment) {
    this.bytes(Buffer.alloc((alignment - (this.length % alignment)) % alignment));
  }

  whole() {
    return Buffer.concat(this.#parts);
  }
}
