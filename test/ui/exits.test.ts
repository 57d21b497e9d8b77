import assert from 'node:assert'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import { Terminal } from '../e2e/terminal.js'
import type { Script } from './scripted-source.js'

const DRIVER = new URL('./driver.js', import.meta.url).pathname
const READY = /7 peers[\s\S]*: types a command/
const DEADLINE_MS = 20_000

/** Runs the console from a shell that notes the terminal's state before and after, as a user's shell would meet it. */
const SHELL =
  'stty -a >"$D/before"; "$0" "$@"; code=$?; stty -a >"$D/after"; echo "code $code"; read line; echo "then $line"'

interface Exiting {
  readonly terminal: Terminal
  /** Of the console's own process. */
  readonly pid: () => number
}

/** Leaves the console in some way and checks that the terminal is as it was; answers the screen afterwards. */
async function leaves(
  script: Script,
  code: number,
  leave: (exiting: Exiting) => Promise<void> | void,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'p2p-tui-exits-'))
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const terminal = new Terminal(['-c', SHELL, process.execPath, DRIVER, JSON.stringify(script)], {
    file: '/bin/sh',
    env: { D: folder, TRACE: join(folder, 'trace') },
  })
  try {
    await terminal.until(READY)
    await leave({ terminal, pid: () => Number(/pid (\d+)/.exec(read('trace'))?.[1]) })
    const screen = await terminal.until(/code \d+/)
    assert.match(screen, new RegExp(`code ${code}\\b`), screen)
    assert.strictEqual(read('after'), read('before'))
    assert(!terminal.alternate, 'still on the alternate screen')
    assert(
      terminal.output.lastIndexOf('\u001b[?25h') > terminal.output.lastIndexOf('\u001b[?25l'),
      'the cursor is hidden',
    )
    assert(
      terminal.output.lastIndexOf('\u001b[?2004l') > terminal.output.lastIndexOf('\u001b[?2004h'),
      'bracketed paste is on',
    )
    terminal.type('typed again\r')
    await terminal.until(/typed again\s+then typed again/)
    return screen
  } finally {
    await terminal.close()
    rmSync(folder, { recursive: true })
  }
}

test('q leaves politely', async () => {
  const screen = await leaves({ quitMs: 300 }, 0, async ({ terminal }) => {
    terminal.type('q')
    await terminal.until(/leaving the network/)
  })
  assert.doesNotMatch(screen, /p2p-tui:/)
})

test(':quit leaves politely', () => leaves({}, 0, ({ terminal }) => terminal.type(':quit\r')).then(() => undefined))

test('Ctrl-C leaves politely, a second one at once', () =>
  leaves({ quitMs: 60_000 }, 0, async ({ terminal }) => {
    terminal.type('\u0003')
    await terminal.until(/Ctrl-C again leaves at once/)
    terminal.type('\u0003')
  }).then(() => undefined))

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} leaves politely`, () =>
    leaves({ quitMs: 300 }, 0, async ({ terminal, pid }) => {
      process.kill(pid(), signal)
      await terminal.until(/leaving the network/)
    }).then(() => undefined))
}

test('a crash gives the terminal back and says why', async () => {
  const screen = await leaves({}, 1, ({ terminal }) => terminal.type(':crash\r'))
  assert.match(screen, /p2p-tui: crashed: .*planted crash/)
})

test('a rejection that nobody handles is a crash', async () => {
  const screen = await leaves({}, 1, ({ terminal }) => terminal.type(':reject\r'))
  assert.match(screen, /p2p-tui: crashed: .*planted rejection/)
})

test('a peer that stops by itself closes the console with its reason', async () => {
  const screen = await leaves({}, 1, ({ pid }) => {
    process.kill(pid(), 'SIGUSR2')
  })
  assert.match(screen, /p2p-tui: the disk is full: free some space and start again/)
})

test('a terminal that goes away ends the console politely', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'p2p-tui-exits-'))
  const trace = join(folder, 'trace')
  const terminal = new Terminal([DRIVER, '{"quitMs":300}'], { env: { TRACE: trace } })
  try {
    await terminal.until(READY)
    terminal.hangUp()
    const started = Date.now()
    while (!/exit 0/.test(readFileSync(trace, 'utf8'))) {
      if (Date.now() - started > DEADLINE_MS)
        assert.fail(`no polite end within ${DEADLINE_MS} ms: ${readFileSync(trace, 'utf8')}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  } finally {
    await terminal.close()
    rmSync(folder, { recursive: true })
  }
})

test.run()
