// Every way out of the console, each in a real shell in a real terminal: afterwards the terminal is as it was.
import assert from 'node:assert'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import { Terminal } from '../e2e/terminal.js'
import type { Script } from './scripted-source.js'
import { DRIVER, READY } from './with-terminal.js'

const TAKEN = '\u001b[?1049h'
const DEADLINE_MS = 20_000

/**
 * Runs the console as a user's shell would and notes the terminal's state before and after. It stays until the test has
 * read everything: what is still unread when the last process ends can be lost.
 */
const SHELL = `set -m
stty -a >"$D/before"
"$0" "$@"; code=$?
while [ "$(jobs -s)" ]; do
  stty -a >"$D/stopped"; echo "stopped"; read line; fg >/dev/null; code=$?
done
stty -a >"$D/after"; echo "code $code"
read line; echo "then $line"; read line`

interface Exiting {
  readonly terminal: Terminal
  /** Of the console's own process, once it runs. */
  readonly pid: () => Promise<number>
}

interface Way {
  readonly name: string
  readonly script?: Script
  /** Exit codes that are right; more than one where it is a race which of two ends comes first. */
  readonly code: number | readonly number[]
  /** How the source was told to leave. */
  readonly left?: 'not' | 'politely' | 'abruptly'
  /** What is told after the terminal is back; nothing where absent. */
  readonly told?: RegExp
  /** Left before anything is on the screen. */
  readonly early?: true
  readonly plain?: true
  leave(exiting: Exiting): Promise<void> | void
}

const signalled =
  (signal: NodeJS.Signals): Way['leave'] =>
  async ({ terminal, pid }) => {
    process.kill(await pid(), signal)
    await terminal.until(/leaving the network/)
  }

const typed =
  (text: string): Way['leave'] =>
  ({ terminal }) =>
    terminal.type(text)

const DISK_FULL = /p2p-tui: the disk is full: free some space and start again/

const WAYS: readonly Way[] = [
  { name: 'q', script: { quitMs: 300 }, code: 0, left: 'politely', leave: typed('q') },
  { name: ':quit', code: 0, left: 'politely', leave: typed(':quit\r') },
  { name: ':quit --abrupt', script: { quitMs: 60_000 }, code: 0, left: 'abruptly', leave: typed(':quit --abrupt\r') },
  { name: 'Ctrl-C', script: { quitMs: 300 }, code: 0, left: 'politely', leave: typed('\u0003') },
  {
    name: 'Ctrl-C twice, at once',
    script: { quitMs: 60_000 },
    code: 0,
    left: 'abruptly',
    leave: async ({ terminal }) => {
      terminal.type('\u0003')
      await terminal.until(/Ctrl-C again leaves at once/)
      terminal.type('\u0003')
    },
  },
  ...(['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(
    (signal): Way => ({ name: signal, script: { quitMs: 300 }, code: 0, left: 'politely', leave: signalled(signal) }),
  ),
  {
    name: 'SIGTERM twice, at once',
    script: { quitMs: 60_000 },
    code: 0,
    left: 'abruptly',
    leave: async (exiting) => {
      await signalled('SIGTERM')(exiting)
      process.kill(await exiting.pid(), 'SIGTERM')
    },
  },
  {
    name: 'the peer that ends by itself',
    code: 1,
    left: 'not',
    told: DISK_FULL,
    leave: async ({ pid }) => void process.kill(await pid(), 'SIGUSR2'),
  },
  {
    name: 'the peer that had ended before the console opened',
    script: { stopped: true },
    code: 1,
    left: 'not',
    told: DISK_FULL,
    early: true,
    leave: () => undefined,
  },
  {
    name: 'the peer that had ended before the plain console opened',
    script: { stopped: true },
    code: 1,
    left: 'not',
    told: DISK_FULL,
    early: true,
    plain: true,
    leave: () => undefined,
  },
  { name: 'an exception', code: 1, told: /p2p-tui: crashed: .*planted crash/, leave: typed(':crash\r') },
  { name: 'a rejection', code: 1, told: /p2p-tui: crashed: .*planted rejection/, leave: typed(':reject\r') },
  { name: 'a view that throws', code: 1, told: /p2p-tui: crashed: .*planted tear/, leave: typed(':tear\r') },
  ...(['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(
    (signal): Way => ({
      name: `${signal} as soon as the screen is taken, before Ink is loaded`,
      code: 0,
      left: 'politely',
      early: true,
      leave: async ({ terminal, pid }) => {
        await terminal.until(() => terminal.output.includes(TAKEN))
        process.kill(await pid(), signal)
      },
    }),
  ),
  ...[0, 20, 50].map(
    (ms): Way => ({
      name: `SIGTERM ${ms} ms after the process began`,
      // 143: the shell's word for a process that was ended by it, before the console was there
      code: [0, 143],
      early: true,
      leave: async ({ pid }) => {
        const console = await pid()
        await new Promise((resolve) => setTimeout(resolve, ms))
        process.kill(console, 'SIGTERM')
      },
    }),
  ),
  {
    name: 'Ctrl-C as soon as the screen is taken',
    code: [0, 130],
    early: true,
    leave: async ({ terminal }) => {
      await terminal.until(() => terminal.output.includes(TAKEN))
      terminal.type('\u0003')
    },
  },
  {
    name: 'Ctrl-Z, fg, q',
    code: 0,
    left: 'politely',
    leave: async ({ terminal }) => {
      terminal.type('\u001a')
      await terminal.until(/stopped/)
      assert.deepStrictEqual(terminal.leftOn, [])
      terminal.type('\r')
      await terminal.until(READY)
      terminal.type('q')
    },
  },
  {
    name: 'SIGTSTP as soon as the screen is taken, fg, q',
    code: 0,
    left: 'politely',
    early: true,
    leave: async ({ terminal, pid }) => {
      await terminal.until(() => terminal.output.includes(TAKEN))
      process.kill(await pid(), 'SIGTSTP')
      await terminal.until(/stopped/)
      assert.deepStrictEqual(terminal.leftOn, [])
      terminal.type('\r')
      await terminal.until(READY)
      terminal.type('q')
    },
  },
  {
    name: 'the end of the input of a plain console',
    code: 0,
    plain: true,
    early: true,
    leave: typed('status\r\u0004'),
  },
  { name: 'quit in a plain console', code: 0, left: 'politely', plain: true, early: true, leave: typed('quit\r') },
  {
    name: 'SIGTERM to a plain console',
    code: 0,
    left: 'politely',
    plain: true,
    early: true,
    leave: async ({ terminal, pid }) => {
      await terminal.until(/otter-lime: 7 peers/)
      process.kill(await pid(), 'SIGTERM')
    },
  },
]

function pidIn(trace: string, terminal: Terminal): () => Promise<number> {
  return async () => {
    for (const end = Date.now() + DEADLINE_MS; Date.now() < end; ) {
      const pid = Number(/pid (\d+)/.exec(read(trace))?.[1] ?? 0)
      if (pid > 0) return pid
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    throw new Error(`the console did not begin within ${DEADLINE_MS} ms:\n${terminal.screen}`)
  }
}

/** What is in the file so far. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}

async function leaves(way: Way): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'p2p-tui-exits-'))
  const file = (name: string) => join(folder, name)
  const words = [DRIVER, JSON.stringify(way.script ?? {}), ...(way.plain === true ? ['--plain'] : [])]
  const terminal = new Terminal(['-c', SHELL, process.execPath, ...words], {
    file: '/bin/bash',
    env: { D: folder, TRACE: file('trace') },
  })
  try {
    if (way.early !== true) await terminal.until(READY)
    await way.leave({ terminal, pid: pidIn(file('trace'), terminal) })
    const screen = await terminal.until(/code \d+/)
    const code = Number(/code (\d+)/.exec(screen)?.[1])
    assert([way.code].flat().includes(code), `exit code ${code}, not ${way.code}:\n${screen}`)
    assert.strictEqual(read(file('after')), read(file('before')))
    if (read(file('stopped')) !== '') assert.strictEqual(read(file('stopped')), read(file('before')))
    assert.deepStrictEqual(terminal.leftOn, [])
    if (way.told === undefined) assert.doesNotMatch(screen, /p2p-tui:/)
    else assert.match(screen, way.told)
    if (way.left !== undefined) assert.match(read(file('trace')), new RegExp(`exit ${code} ${way.left}`))
    terminal.type('typed again\r')
    await terminal.until(/typed again\s+then typed again/)
  } finally {
    await terminal.close()
    rmSync(folder, { recursive: true })
  }
}

for (const way of WAYS) test(`${way.name}: the terminal is as it was`, () => leaves(way))

test('a terminal that goes away ends the console politely', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'p2p-tui-exits-'))
  const trace = join(folder, 'trace')
  const terminal = new Terminal([DRIVER, '{"quitMs":300}'], { env: { TRACE: trace } })
  try {
    await terminal.until(READY)
    terminal.hangUp()
    const started = Date.now()
    while (!/exit 0 politely/.test(read(trace))) {
      if (Date.now() - started > DEADLINE_MS) assert.fail(`no polite end within ${DEADLINE_MS} ms: ${read(trace)}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  } finally {
    await terminal.close()
    rmSync(folder, { recursive: true })
  }
})

test.run()
