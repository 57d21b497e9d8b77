/** A terminal for tests: a real pty, read through a real terminal emulator. */
import assert from 'node:assert'
import { Socket } from 'node:net'
import pty from '@lydell/node-pty'
import xterm, { type IBuffer } from '@xterm/headless'

export interface TerminalOptions {
  readonly columns?: number
  readonly rows?: number
  /** Laid over the environment; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Program to run; node where absent. */
  readonly file?: string
}

/** Long enough for a busy machine: five times what is promised. */
const DEADLINE_MS = 20_000
const LAST_WORDS_MS = 100
/** An OSC number that no terminal knows: what a program under test says about the screen at just this place of its output. */
const REMARK = 7777

/** What a program may leave on, what switches it on, and what off. */
const SWITCHES: readonly (readonly [what: string, on: string, off: string])[] = [
  ['the cursor is hidden', '\\[\\?25l', '\\[\\?25h'],
  ['the kitty keyboard is on', '\\[>\\d*u', '\\[<\\d*u'],
  ['keys are reported by xterm', '\\[>4;[12]m', '\\[>4(?:;0)?m'],
]

export class Terminal {
  /** Everything that was written, as it came. */
  output = ''
  /** Called in the middle of the output, so that the screen is what it was there. */
  onRemark: (text: string) => void = () => {}
  /** Rows that went out at the top of the alternate screen so far. */
  scrolled = 0
  readonly exited: Promise<{ readonly code: number; readonly signal: number }>
  readonly #terminal: InstanceType<typeof xterm.Terminal>
  readonly #pty: pty.IPty
  readonly #watchers = new Set<() => void>()
  #over = false

  constructor(args: readonly string[], options: TerminalOptions = {}) {
    const { columns = 80, rows = 24, cwd = process.cwd(), file = process.execPath } = options
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, logLevel: 'off' })
    const env = environment(options.env ?? {})
    this.#pty = pty.spawn(file, [...args], { name: env.TERM ?? '', cols: columns, rows, cwd, env })
    keepReading(this.#pty)
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        // what was written last is still on its way to the screen
        setTimeout(() => {
          this.#terminal.write('', () => {
            this.#over = true
            this.#notify()
            resolve({ code: exitCode, signal: signal ?? 0 })
          })
        }, LAST_WORDS_MS)
      })
    })
    this.#terminal.parser.registerOscHandler(REMARK, (text) => {
      this.onRemark(Buffer.from(text, 'base64').toString())
      return true
    })
    this.#terminal.onScroll(() => {
      if (this.alternate) this.scrolled++
    })
    // the emulator calls it scrolling when the screen is taken
    this.#terminal.buffer.onBufferChange(() => {
      if (this.alternate) this.scrolled--
    })
    this.#pty.onData((data) => {
      this.output += data
      this.#terminal.write(data, () => this.#notify())
    })
  }

  get pid(): number {
    return this.#pty.pid
  }

  /** What a person sees now. */
  get screen(): string {
    const { active } = this.#terminal.buffer
    const lines = Array.from({ length: this.#terminal.rows }, (_, row) => active.getLine(active.viewportY + row))
    // a line that was longer before a resize keeps its old cells beyond the edge
    return lines.map((line) => line?.translateToString(true, 0, this.#terminal.cols) ?? '').join('\n')
  }

  get lines(): readonly string[] {
    return this.screen.split('\n')
  }

  /** The screen with its colours, cell by cell. */
  get buffer(): IBuffer {
    return this.#terminal.buffer.active
  }

  /** Whether the program has the alternate screen, as every full-screen program should. */
  get alternate(): boolean {
    return this.#terminal.buffer.active.type === 'alternate'
  }

  get columns(): number {
    return this.#terminal.cols
  }

  get rows(): number {
    return this.#terminal.rows
  }

  /** What a program that has ended left as a shell would not have it, in words. */
  get leftOn(): readonly string[] {
    const { modes } = this.#terminal
    const last = (what: string): number =>
      [...this.output.matchAll(new RegExp(`\u001b${what}`, 'g'))].at(-1)?.index ?? -1
    return [
      ...(this.alternate ? ['still on the alternate screen'] : []),
      ...(modes.bracketedPasteMode ? ['bracketed paste is on'] : []),
      ...(modes.mouseTrackingMode === 'none' ? [] : ['the mouse is reported']),
      ...(modes.sendFocusMode ? ['the focus is reported'] : []),
      ...(modes.synchronizedOutputMode ? ['the output is held back'] : []),
      ...(modes.wraparoundMode ? [] : ['lines do not wrap']),
      ...(modes.applicationCursorKeysMode || modes.applicationKeypadMode ? ['keys are in application mode'] : []),
      ...SWITCHES.flatMap(([what, on, off]) => (last(on) > last(off) ? [what] : [])),
    ]
  }

  /** The foreground colour (0-15, -1 default) of the first cell of `text` on the screen. */
  colourOf(text: string): number {
    const row = this.lines.findIndex((line) => line.includes(text))
    const cell = this.#terminal.buffer.active.getLine(row)?.getCell(this.lines[row]?.indexOf(text) ?? 0)
    return cell === undefined || cell.isFgDefault() ? -1 : cell.getFgColor()
  }

  type(text: string | Uint8Array): void {
    // node-pty takes bytes too, its types do not know
    Reflect.apply(this.#pty.write, this.#pty, [typeof text === 'string' ? text : Buffer.from(text)])
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows)
    this.#pty.resize(columns, rows)
  }

  signal(name: string): void {
    this.#pty.kill(name)
  }

  /** The window is closed: the program gets SIGHUP, and no read or write works any more. */
  hangUp(): void {
    this.#pty.kill('SIGHUP')
    destroy(this.#pty)
  }

  /** Waits until the screen fits, and answers it; fails with the screen. */
  async until(expected: RegExp | ((screen: string) => boolean), deadlineMs = DEADLINE_MS): Promise<string> {
    const fits = () => (typeof expected === 'function' ? expected(this.screen) : expected.test(this.screen))
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer)
        this.#watchers.delete(check)
      }
      const check = () => {
        if (fits()) {
          stop()
          resolve()
        } else if (this.#over) {
          stop()
          reject(new Error(`ended before ${expected} was on the screen:\n${this.screen}`))
        }
      }
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`no ${expected} on the screen within ${deadlineMs} ms:\n${this.screen}`))
      }, deadlineMs)
      this.#watchers.add(check)
      check()
    })
    return this.screen
  }

  /** Waits until the program ends, and answers its exit code; fails with the screen. */
  async end(deadlineMs = DEADLINE_MS): Promise<number> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`did not end within ${deadlineMs} ms:\n${this.screen}`)), deadlineMs)
    })
    try {
      return (await Promise.race([this.exited, late])).code
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the program if it is still there. */
  async close(): Promise<void> {
    if (!this.#over) killQuietly(this.#pty)
    await this.exited
    this.#terminal.dispose()
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }
}

/** It may have ended in this very moment. */
function killQuietly(terminal: pty.IPty): void {
  try {
    terminal.kill('SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/**
 * node-pty closes its side 200 ms after the program has ended, and what a busy machine has not read by then is lost, its
 * last words. Here it is closed when nothing came for a while, with turns of the event loop in between to read in.
 */
function keepReading(terminal: pty.IPty): void {
  const socket: unknown = Reflect.get(terminal, '_socket')
  assert(socket instanceof Socket, 'node-pty reads from a socket')
  const destroy = socket.destroy.bind(socket)
  const unhurried = (): void => {
    const before = socket.bytesRead
    setTimeout(() => {
      setImmediate(() => setImmediate(() => (socket.bytesRead === before ? destroy() : unhurried())))
    }, LAST_WORDS_MS)
  }
  socket.destroy = () => {
    unhurried()
    return socket
  }
}

/** Closes our side of the pty (node-pty has it, its types do not). */
function destroy(terminal: pty.IPty): void {
  if ('destroy' in terminal && typeof terminal.destroy === 'function') terminal.destroy()
}

/** A plain UTF-8 terminal outside of any CI, whatever the tests run in. */
function environment(change: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const { CI: _ci, NO_COLOR: _colour, FORCE_COLOR: _force, LC_ALL: _all, ...rest } = process.env
  const wanted = { ...rest, LANG: 'C.UTF-8', TERM: 'xterm-256color', ...change }
  return Object.fromEntries(Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
