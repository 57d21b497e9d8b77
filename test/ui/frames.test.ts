// 10,000 random keys and resizes on the real console in a real terminal. Beside every picture the console says how the views
// would have the screen (see driver.ts): the emulator must show just that, cell row by cell row, at that very place of the output.
// SEED=n plays one seed again, KEYS=n so many keys.
import assert from 'node:assert'
import { test } from 'uvu'
import { Terminal } from '../e2e/terminal.js'
import type { Remark } from './driver.js'
import { anyInput, anySize, comeHome, randomOf } from './random-input.js'
import type { Script } from './scripted-source.js'
import { DRIVER, READY } from './with-terminal.js'

const SETTLE_MS = 30_000
const ASK_EVERY_MS = 20
/** So many inputs at once, then a look whether the screen is right. */
const BURST = 100
/** As fast as keys repeat in a few hands, so that pictures are made between them. */
const PACE = { keys: 4, ms: 4 }
const KEYS = Number(process.env.KEYS ?? 2500)

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
    assert(resizes > 0, `${said}: never resized`)
    watch.resize(80, 24)
    await settled(watch, terminal, said)
    await comeHome(terminal)
    terminal.type('q')
    assert.strictEqual(await terminal.end(), 0, `${said}\n${terminal.screen}`)
    assert.deepStrictEqual(terminal.leftOn, [], `${said}: ${JSON.stringify(terminal.output.slice(-400))}`)
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
