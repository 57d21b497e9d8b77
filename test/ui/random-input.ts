/** What a person, a paste, a broken terminal and a line of static may send, at random but repeatable. */
import type { Size } from '../../ui/state.js'
import type { Terminal } from '../e2e/terminal.js'

export type Random = (below: number) => number

/** All but `q` and Ctrl-C, which leave. */
const KEYS_AND_TEXT = [
  ...'vasrdzjkgGxy?/:1234 hlmnoptuwXYZ09-_.,',
  ...['\t', '\r', '\n', '\u007f', '\b', '\u0001', '\u0005', '\u000b', '\u000c', '\u0015', '\u0017', '\u0004', '\u0000'],
  ...['A', 'B', 'C', 'D', 'F', 'H', 'Z', '3~', '5~', '6~', '1;5C', '1;2A', '15~'].map((key) => `\u001b[${key}`),
  ...['\u001b', '\u001bb', '\u001bOP', '\u001bOA'],
]
const TEXT = [
  '日本語',
  'e\u0301',
  'a\u0300\u0301\u0302\u0303',
  '👩‍👩‍👧',
  '\u202e',
  'Zürich',
  '\u200b',
  'ﾊﾝ',
  '한',
  '"',
  "'",
  '\\',
]
const LINES = [
  'vote ann yes\r',
  'tally\r',
  ':store "a b" --as c\r',
  'request mu\t\t',
  ':nonsense\r',
  ':ticket\r',
  ':print\r',
  ':log\r',
]
const PASTES = ['x\ny\nz', 'vote p1 yes\nvote p2 no\n', 'tail without end', '\u001b[31mred', '日'.repeat(300)].map(
  (text) => `\u001b[200~${text}\u001b[201~`,
)
/** Replies, unknown keys, and sequences that break off. */
const STRANGE = [
  ...[
    '\u001b[',
    '\u001b[1;',
    '\u001b[?',
    '\u001bO',
    '\u001b]0;title\u0007',
    '\u001bP1$r0m\u001b\\',
    '\u001b[<0;10;10M',
  ],
  ...[
    '\u001b[I',
    '\u001b[24;80R',
    '\u001b[?1;2c',
    '\u001b[57399u',
    '\u001b[200~never ended',
    '\u001b[201~',
    '\u001b\u001b[',
  ],
]
const BYTES = [Uint8Array.of(0xff, 0xfe), Uint8Array.of(0xc3, 0x28), Uint8Array.of(0xe6, 0x97), Uint8Array.of(0x80)]

/** Mulberry32: whole numbers below a limit. */
export function randomOf(seed: number): Random {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

export function anyInput(below: Random): string | Uint8Array {
  const from = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const kind = below(100)
  if (kind < 70) return from(KEYS_AND_TEXT)
  if (kind < 78) return from(TEXT)
  if (kind < 84) return from(LINES)
  if (kind < 88) return from(PASTES)
  if (kind < 96) return from(STRANGE)
  return kind < 99 ? from(BYTES) : '\u001a'
}

/** From one cell to 300x100, often small changes, often the same size again. */
export function anySize(below: Random, { columns, rows }: Size): readonly [number, number] {
  const kind = below(10)
  if (kind < 2) return [80, 24]
  if (kind < 4) return [Math.max(2, columns + below(5) - 2), Math.max(1, rows + below(5) - 2)]
  if (kind < 5) return [2 + below(12), 1 + below(4)]
  if (kind < 6) return [40 + below(3) - 1, 10 + below(3) - 1]
  return [2 + below(299), 1 + below(100)]
}

/** A lone Esc is known as such only when nothing follows it for a while. */
const ESC_ALONE_MS = 200
const TRIES = 20
const ANSWER_MS = 2000

/** Ends whatever the keys have opened; until every one of them is taken, one may open something new. Answers at the panes. */
export async function comeHome(terminal: Terminal): Promise<void> {
  const closeOne = async (): Promise<void> => {
    // an unfinished paste would take it for its own
    terminal.type('\u001b[201~')
    terminal.type('\u001b')
    await new Promise((resolve) => setTimeout(resolve, ESC_ALONE_MS))
  }
  for (let attempt = 0; attempt < TRIES; attempt++) {
    await closeOne()
    const word = `here ${attempt}`
    terminal.type(`:${word}`)
    const answered = terminal.until((screen) => screen.trimEnd().endsWith(`❯ ${word}`), ANSWER_MS)
    if (
      await answered.then(
        () => true,
        () => false,
      )
    ) {
      await closeOne()
      await terminal.until(/Tab pane[\s\S]*: types a command/)
      return
    }
  }
  throw new Error(`no way back to the panes:\n${terminal.screen}`)
}
