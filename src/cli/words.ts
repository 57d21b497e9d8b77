/** Parts a typed line into words as a shell does: blanks, 'single', "double" and \ escapes. */

/** null: a quote is still open. */
export function splitLine(line: string): readonly string[] | null {
  const { words, last, open } = scan(line)
  if (open) return null
  return last === null ? words : [...words, last]
}

export interface HalfLine {
  /** The finished ones. */
  readonly words: readonly string[]
  /** What there is of the last one, without its quotes. */
  readonly partial: string
  /** Where the last one begins, its quote included. */
  readonly from: number
}

/** A line that is being typed, up to the cursor. */
export function halfLine(line: string): HalfLine {
  const { words, last, from } = scan(line)
  return { words, partial: last ?? '', from: last === null ? line.length : from }
}

interface Scan {
  readonly words: readonly string[]
  /** null after a blank. */
  readonly last: string | null
  readonly from: number
  readonly open: boolean
}

function scan(line: string): Scan {
  const words: string[] = []
  let word: string | null = null
  let from = 0
  let quote = ''
  for (let place = 0; place < line.length; place++) {
    const sign = line.charAt(place)
    const begins = word === null
    if (quote !== '') {
      if (sign === quote) quote = ''
      else if (sign === '\\' && quote === '"' && /["\\]/.test(line.charAt(place + 1))) word += line.charAt(++place)
      else word += sign
    } else if (/\s/.test(sign)) {
      if (word !== null) words.push(word)
      word = null
    } else {
      if (begins) from = place
      word ??= ''
      if (sign === '"' || sign === "'") quote = sign
      else if (sign === '\\' && place + 1 < line.length) word += line.charAt(++place)
      else word += sign
    }
  }
  return { words, last: word, from, open: quote !== '' }
}
