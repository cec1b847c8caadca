/** Text from elsewhere, made safe to show: in terminals, logs, pages and metrics. */

/** What no script needs in a name: controls, marks that are not seen or turn text around, halves of characters. */
const hidden = /[\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}]/gu;
/** Ends of lines and other controls, which keep words apart. */
const breaks = /[\p{Cc}\p{Zl}\p{Zp}\s]+/gu;
/**
 * As above, but for what whole texts are written with: joiners of Persian, Indic scripts and emoji, the shapes of emoji,
 * number signs that stand before digits, private letters.
 */
const hiddenInTexts =
  /(?!\n|\t|\u200c|\u200d|\ufe0e|\ufe0f)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu;

/** A name: one line of at most `maxLength` characters, in which nothing hides and nothing moves. */
export function printableName(text: string, maxLength: number): string {
  // Cut before it is looked at, for whoever sends megabytes: a character may be two units, and some go.
  const line = text
    .slice(0, 4 * maxLength)
    .replace(hidden, "")
    .replace(breaks, " ")
    .trim();
  return [...line].slice(0, maxLength).join("").trimEnd();
}

/**
 * A text of any length with its lines and tabs, in which nothing moves the cursor, changes colours, reaches the clipboard
 * or turns the text around.
 */
export function printableText(text: string): string {
  return text.replace(hiddenInTexts, "");
}
