/** `live` as `Live`: how a state stands in a badge. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
