/**
 * `request … -o -`: the running peer writes a file, the shell's process copies it to standard output. All spellings
 * that the parser takes for the option are known here, else a file called "-" would appear.
 */

/** The words with the `-` of `-o -` replaced by a path; null where nothing goes to standard output. */
export function redirected(words: readonly string[], path: string): readonly string[] | null {
  const end = words.indexOf('--')
  const place = words.findIndex(
    (word, at) =>
      (end < 0 || at < end) &&
      (word === '-o-' || word === '--output=-' || (word === '-' && /^(-o|--output)$/.test(words[at - 1] ?? ''))),
  )
  if (place < 0) return null
  const before = words[place] === '-' ? words.slice(0, place) : [...words.slice(0, place), '-o']
  return [...before, path, ...words.slice(place + 1)]
}
