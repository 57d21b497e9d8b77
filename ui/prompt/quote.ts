/** Makes one word of any text, in the prompt's syntax: double quotes keep blanks, a backslash keeps the next character. */
export function quoteWord(text: string): string {
  return /^[^\s"'\\]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}
