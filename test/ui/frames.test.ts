// 10,000 random keys and resizes on the real console in a real terminal. Beside every picture the console says how the views
// would have the screen (see driver.ts): the emulator must show just that, cell row by cell row, at that very place of the output.
// SEED=n plays one seed again, KEYS=n so many keys.
import assert from 'node:assert'
import { test } from 'uvu'
import { Terminal } from '../e2e/terminal.js'
import type { Remark } from './driver.js'
import type { Script } from './scripted-source.js'

const DRIVER = new URL('./driver.js', import.meta.url).pathname
const READY = /7 peers[\s\S]*: types a command/
const SETTLE_MS = 30_000
const ASK_EVERY_MS = 20
/** A lone Esc is known as such only when nothing follows it for a while. */
const ESC_ALONE_MS = 200
/** So many inputs at once, then a look whether the screen is right. */
const BURST = 100
/** As fast as keys repeat in a few hands, so that pictures are made between them. */
const PACE = { keys: 4, ms: 4 }
const KEYS = Number(process.env.KEYS ?? 2500)

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
/** Mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const trimmed = (lines: readonly string[]): string => lines.map((line) => line.trimEnd()).join('\n')

/** The rows that differ. */
function difference(wanted: string, seen: string): string {
  const rows = seen.split('\n')
  const wrong = wanted.split('\n').flatMap((line, row) => {
    return line === rows[row] ? [] : [`row ${row} wanted: ${line}`, `row ${row}   seen: ${rows[row]}`]
  })
  return wrong.join('\n')
}

/** Looks at every picture as it stands on the screen. */
class Watch {
  pictures = 0
  readonly torn: string[] = []
  #asked: ((right: boolean) => void) | null = null
  /** Since a resize the terminal holds what the console has not yet heard of. */
  #resized = false
  #scrolled = 0
  /** The last screen that was right. */
  #last = ''
  readonly #terminal: Terminal

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    terminal.onRemark = (text) => this.#remark(JSON.parse(text))
  }

  resize(columns: number, rows: number): void {
    this.#resized = true
    this.#terminal.resize(columns, rows)
  }

  /** Whether the screen is as the views have it now. */
  right(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#asked = resolve
      process.kill(this.#terminal.pid, 'SIGUSR1')
    })
  }

  #remark({ about, screens }: Remark): void {
    const seen = trimmed(this.#terminal.lines)
    const right = screens.some(({ columns, rows, lines }) => {
      return columns === this.#terminal.columns && rows === this.#terminal.rows && trimmed(lines) === seen
    })
    // what stood there before may be painted again, a moment before what a key makes of it
    const again = seen === this.#last && about === 'painted'
    if (right) this.#last = seen
    const scrolled = this.#terminal.scrolled !== this.#scrolled
    this.#scrolled = this.#terminal.scrolled
    if (about === 'painted') {
      this.pictures++
      if (right) this.#resized = false
      else if (!this.#resized && !again) this.torn.push(difference(trimmed(screens[0]?.lines ?? []), seen))
      if (scrolled) this.torn.push('the screen scrolled')
    } else if (this.#asked !== null) {
      const told = this.#asked
      this.#asked = null
      told(right)
    }
  }
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

async function settled(watch: Watch, terminal: Terminal, when: string): Promise<void> {
  const started = Date.now()
  while (!(await Promise.race([watch.right(), wait(SETTLE_MS).then(() => false)]))) {
    if (Date.now() - started > SETTLE_MS)
      assert.fail(`${when}: the screen is not what the views make, ${SETTLE_MS} ms long:\n${terminal.screen}`)
    await wait(ASK_EVERY_MS)
  }
}

function anyInput(below: (limit: number) => number): string | Uint8Array {
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
function anySize(below: (limit: number) => number, { columns, rows }: Terminal): readonly [number, number] {
  const kind = below(10)
  if (kind < 2) return [80, 24]
  if (kind < 4) return [Math.max(2, columns + below(5) - 2), Math.max(1, rows + below(5) - 2)]
  if (kind < 5) return [2 + below(12), 1 + below(4)]
  if (kind < 6) return [40 + below(3) - 1, 10 + below(3) - 1]
  return [2 + below(299), 1 + below(100)]
}

async function play(script: Script, seed: number): Promise<void> {
  const terminal = new Terminal([DRIVER, JSON.stringify(script)], { env: { REMARKS: '1' } })
  const below = randomOf(seed)
  const said = `SEED=${seed} ${JSON.stringify(script)}`
  try {
    await terminal.until(READY)
    const watch = new Watch(terminal)
    let resizes = 0
    for (let key = 0; key < KEYS; ) {
      for (const end = key + BURST; key < end; key++) {
        if (below(25) > 0) terminal.type(anyInput(below))
        else {
          const [columns, rows] = anySize(below, terminal)
          const back = [terminal.columns, terminal.rows] as const
          watch.resize(columns, rows)
          if (below(4) === 0) watch.resize(...back)
          resizes++
        }
        if (key % PACE.keys === 0) await wait(PACE.ms)
      }
      await settled(watch, terminal, `${said}, key ${key}`)
      assert.strictEqual(watch.torn[0], undefined, `${said}, key ${key}: a torn picture: ${watch.torn[0]}`)
    }
    assert(watch.pictures > KEYS / 100, `${said}: only ${watch.pictures} pictures were looked at`)
    assert(resizes > KEYS / 50)
    // ends what is open, an unfinished paste among it
    watch.resize(80, 24)
    await settled(watch, terminal, said)
    terminal.type('\u001b[201~')
    for (let open = 0; open < 10 && !/Tab pane/.test(terminal.screen); open++) {
      terminal.type('\u001b')
      await wait(ESC_ALONE_MS)
      await settled(watch, terminal, said)
    }
    terminal.type(':still here')
    await terminal.until(/❯ still here/)
    terminal.type('\u001b')
    await terminal.until(/: types a command/)
    terminal.type('q')
    assert.strictEqual(await terminal.end(), 0, `${said}\n${terminal.screen}`)
    assert.deepStrictEqual(terminal.leftOn, [], said)
  } finally {
    await terminal.close()
  }
}

const SCRIPTS: readonly (readonly [what: string, script: Script])[] = [
  ['an idle network', { idle: true }],
  ['two downloads', { downloads: 2 }],
  ['four downloads and 2,000 events a second', { downloads: 4, eventsPerSecond: 2000 }],
  ['names that are attacks', { downloads: 1, extraPeer: '\u001b[2J日本\u202eevil\u0301\u0300' }],
]

for (const [index, [what, script]] of SCRIPTS.entries()) {
  const seed = Number(process.env.SEED ?? 1000 + index)
  test(`random keys and sizes over ${what} (seed ${seed}): no picture is torn, nothing scrolls, nothing crashes`, () =>
    play(script, seed))
}

test.run()
