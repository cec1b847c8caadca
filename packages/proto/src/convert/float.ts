/** Undoes the rounding to 32 bits that makes 0.7 read as 0.699999988079071. */
export function float(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(7));
}
