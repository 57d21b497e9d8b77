/**
 * What differs between two short texts, line by line, as `diff` shows it: the longest common subsequence by the table of Wagner
 * and Fischer (1974), after what is equal at both ends was set aside. Invariant: at most MAX_CELLS steps, whatever the texts.
 */

/** Of the table: beyond that all of one is told, then all of the other. */
const MAX_CELLS = 1_000_000
/** Equal lines that are shown around a difference. */
const AROUND = 2

export interface DiffLine {
  /** `-`: only in the first. `+`: only in the second. ` `: in both. `~`: equal lines are left out. */
  readonly mark: '-' | '+' | ' ' | '~'
  readonly text: string
}

export function lineDiff(first: readonly string[], second: readonly string[]): readonly DiffLine[] {
  let head = 0
  while (head < first.length && head < second.length && first[head] === second[head]) head++
  let tail = 0
  const most = Math.min(first.length, second.length) - head
  while (tail < most && first.at(-1 - tail) === second.at(-1 - tail)) tail++
  const same = (lines: readonly string[]): DiffLine[] => lines.map((text) => ({ mark: ' ', text }))
  const middle = between(first.slice(head, first.length - tail), second.slice(head, second.length - tail))
  return shortened([...same(first.slice(0, head)), ...middle, ...same(first.slice(first.length - tail))])
}

function between(first: readonly string[], second: readonly string[]): readonly DiffLine[] {
  const all = (mark: '-' | '+', lines: readonly string[]): DiffLine[] => lines.map((text) => ({ mark, text }))
  const width = second.length + 1
  if ((first.length + 1) * width > MAX_CELLS) return [...all('-', first), ...all('+', second)]
  const lengths = commonLengths(first, second)
  const lines: DiffLine[] = []
  let a = 0
  let b = 0
  while (a < first.length && b < second.length) {
    const [left = '', right = ''] = [first[a], second[b]]
    if (left === right) {
      lines.push({ mark: ' ', text: left })
      a++
      b++
    } else if ((lengths[(a + 1) * width + b] ?? 0) >= (lengths[a * width + b + 1] ?? 0)) {
      lines.push({ mark: '-', text: left })
      a++
    } else {
      lines.push({ mark: '+', text: right })
      b++
    }
  }
  return [...lines, ...all('-', first.slice(a)), ...all('+', second.slice(b))]
}

/** At [a][b]: how many lines the rests from a and from b have in common, in order. */
function commonLengths(first: readonly string[], second: readonly string[]): Uint32Array {
  const width = second.length + 1
  const lengths = new Uint32Array((first.length + 1) * width)
  for (let a = first.length - 1; a >= 0; a--) {
    for (let b = second.length - 1; b >= 0; b--) {
      const longer = Math.max(lengths[(a + 1) * width + b] ?? 0, lengths[a * width + b + 1] ?? 0)
      lengths[a * width + b] = first[a] === second[b] ? (lengths[(a + 1) * width + b + 1] ?? 0) + 1 : longer
    }
  }
  return lengths
}

/** Equal lines far from any difference become one mark. */
function shortened(lines: readonly DiffLine[]): readonly DiffLine[] {
  const near = new Set<number>()
  for (const [index, { mark }] of lines.entries()) {
    if (mark === ' ') continue
    for (let at = index - AROUND; at <= index + AROUND; at++) near.add(at)
  }
  const kept: DiffLine[] = []
  for (const [index, line] of lines.entries()) {
    if (near.has(index)) kept.push(line)
    else if (kept.at(-1)?.mark !== '~' && near.size > 0) kept.push({ mark: '~', text: '' })
  }
  return kept
}
