// The GGUF format: metadata and tensors in, the bytes of a version 3 file out.
import { rename, rm, writeFile } from "node:fs/promises";
import { ByteWriter } from "./byte-writer.mjs";

const tensorAlignment = 32;

/** Numbers of the GGUF format: value types, then tensor types, then token types. */
export const valueType = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 };
const tensorType = { float32: 0, float16: 1 };
export const tokenType = { normal: 1, unknown: 2, control: 3, byte: 6 };

/** @typedef {{ key: string, type: number, value: unknown, itemType?: number }} Entry */

/** `columns` is the length of a row, the fastest dimension. A vector has no rows.
 * @typedef {{ name: string, columns: number, rows?: number }} Tensor
 */

/** @returns {Tensor} */
export function vector(/** @type {string} */ name, /** @type {number} */ columns) {
  return { name, columns };
}

/** @returns {Tensor} */
export function matrix(
  /** @type {string} */ name,
  /** @type {number} */ columns,
  /** @type {number} */ rows,
) {
  return { name, columns, rows };
}

function writeValue(/** @type {ByteWriter} */ out, /** @type {number} */ type, /** @type {any} */ value) {
  if (type === valueType.uint32) out.uint32(value);
  else if (type === valueType.int32) out.int32(value);
  else if (type === valueType.float32) out.float32(value);
  else if (type === valueType.bool) out.bytes(Buffer.from([value ? 1 : 0]));
  else out.string(value);
}

function writeEntry(/** @type {ByteWriter} */ out, /** @type {Entry} */ entry) {
  out.string(entry.key);
  out.uint32(entry.type);
  if (entry.itemType === undefined) {
    writeValue(out, entry.type, entry.value);
    return;
  }
  const items = /** @type {unknown[]} */ (entry.value);
  out.uint32(entry.itemType);
  out.uint64(items.length);
  for (const item of items) writeValue(out, entry.itemType, item);
}

/** The nearest half-precision number below, as its 16 bits; what is too small becomes 0. */
function toFloat16(/** @type {number} */ value) {
  const scratch = Buffer.alloc(4);
  scratch.writeFloatBE(value);
  const bits = scratch.readUInt32BE();
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  if (exponent <= 0) return sign;
  return sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

/** A vector's bytes: the same number throughout. */
export function constantData(/** @type {Tensor} */ tensor, /** @type {number} */ value) {
  const data = Buffer.alloc(tensor.columns * 4);
  for (let i = 0; i < tensor.columns; i++) data.writeFloatLE(value, i * 4);
  return data;
}

/** A matrix's bytes, row by row: uniform around 0, up to `spreadOf(row)`. */
export function uniformData(
  /** @type {Required<Tensor>} */ tensor,
  /** @type {() => number} */ random,
  /** @type {(row: number) => number} */ spreadOf,
) {
  const data = Buffer.alloc(tensor.columns * tensor.rows * 2);
  for (let row = 0; row < tensor.rows; row++) {
    const spread = spreadOf(row);
    for (let column = 0; column < tensor.columns; column++) {
      data.writeUInt16LE(toFloat16((random() * 2 - 1) * spread), (row * tensor.columns + column) * 2);
    }
  }
  return data;
}

/** The whole file. Vectors are written as 32-bit numbers, matrices as 16-bit ones.
 * @param {{ metadata: Entry[], tensors: Tensor[], dataOf: (tensor: Tensor) => Buffer }} parts
 */
export function buildGguf({ metadata, tensors, dataOf }) {
  const body = new ByteWriter();
  const head = new ByteWriter();
  head.bytes(Buffer.from("GGUF"));
  head.uint32(3);
  head.uint64(tensors.length);
  head.uint64(metadata.length);
  for (const entry of metadata) writeEntry(head, entry);
  for (const tensor of tensors) {
    head.string(tensor.name);
    const dimensions = tensor.rows === undefined ? [tensor.columns] : [tensor.columns, tensor.rows];
    head.uint32(dimensions.length);
    for (const dimension of dimensions) head.uint64(dimension);
    head.uint32(tensor.rows === undefined ? tensorType.float32 : tensorType.float16);
    head.uint64(body.length);
    body.bytes(dataOf(tensor));
    body.pad(tensorAlignment);
  }
  head.pad(tensorAlignment);
  return Buffer.concat([head.whole(), body.whole()]);
}

/** Writes a file that appears whole or not at all, also to tests that run at once. */
export async function writeWhole(/** @type {string} */ path, /** @type {Buffer} */ file) {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await writeFile(partial, file);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return { bytes: file.length };
}
