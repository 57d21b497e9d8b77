// Ctrl-Z, signals that stop, and Ctrl-L: the console in a shell with job control.
import assert from 'node:assert'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import { Terminal } from '../e2e/terminal.js'
import { DRIVER, READY } from './with-terminal.js'

const PANES = /1 Peers[\s\S]*4 Files[\s\S]*╰[\s\S]*: types a command/
/** What is seen, without the blanks at the ends of lines. */
const seen = (terminal: Terminal): string => terminal.lines.map((line) => line.trimEnd()).join('\n')
const PASTE_ON = '\u001b[?2004h'
const PASTE_OFF = '\u001b[?2004l'

/** Notes the terminal's state before, while the console is stopped, and after; asks for a line before it goes on. */
const SHELL = `set -m
stty -a >"$D/before"
"$0" "$@"
stty -a >"$D/stopped"
echo "the shell is back"; read line; echo "then $line"
fg >/dev/null; code=$?
stty -a >"$D/after"
echo "code $code"; read line`

interface Scene {
  readonly terminal: Terminal
  readonly pid: number
}

async function inShell(run: (scene: Scene) => Promise<void>, readBack: (read: (name: string) => string) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'p2p-tui-stops-'))
  const read = (name: string) => readFileSync(join(folder, name), 'utf8')
  const terminal = new Terminal(['-c', SHELL, process.execPath, DRIVER, '{"idle":true}'], {
    file: '/bin/sh',
    env: { D: folder, TRACE: join(folder, 'trace') },
  })
  let pid = 0
  try {
    await terminal.until(READY)
    pid = Number(/pid (\d+)/.exec(read('trace'))?.[1])
    // the first picture comes a moment before the console hears signals; who answers a key hears them
    terminal.type('?')
    await terminal.until(/Ctrl-Z +stop this program/)
    terminal.type('\u001b')
    await terminal.until(PANES)
    await run({ terminal, pid })
    readBack(read)
  } finally {
    await terminal.close()
    if (pid > 0) endQuietly(pid)
    rmSync(folder, { recursive: true })
  }
}

/** A failed test may leave it stopped. */
function endQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

async function stopsAndGoesOn({ terminal }: Scene, stop: () => void): Promise<void> {
  const before = seen(terminal)
  stop()
  await terminal.until(/the shell is back/, 5000)
  assert(!terminal.alternate, 'still on the alternate screen')
  assert(terminal.output.lastIndexOf(PASTE_OFF) > terminal.output.lastIndexOf(PASTE_ON), 'bracketed paste is on')
  assert(terminal.output.lastIndexOf('\u001b[?25h') > terminal.output.lastIndexOf('\u001b[?25l'), 'no cursor')
  terminal.type('typed meanwhile\r')
  await terminal.until(() => terminal.alternate)
  await terminal.until(() => seen(terminal) === before, 5000)
  assert(terminal.output.lastIndexOf(PASTE_ON) > terminal.output.lastIndexOf(PASTE_OFF), 'bracketed paste is off')
  terminal.type('?')
  await terminal.until(/Ctrl-Z +stop this program/)
  terminal.type('\u001b')
  await terminal.until(() => seen(terminal) === before, 5000)
}

async function leaves({ terminal }: Scene): Promise<void> {
  terminal.type('q')
  await terminal.until(/then typed meanwhile[\s\S]*code 0/)
}

function sameTerminal(read: (name: string) => string): void {
  assert.strictEqual(read('stopped'), read('before'))
  assert.strictEqual(read('after'), read('before'))
}

test('Ctrl-Z gives the terminal back and stops; fg takes the screen again', () =>
  inShell(async (scene) => {
    await stopsAndGoesOn(scene, () => scene.terminal.type('\u001a'))
    await leaves(scene)
  }, sameTerminal))

test('SIGTSTP from elsewhere does the same, in the middle of a prompt too', () =>
  inShell(async (scene) => {
    scene.terminal.type(':store half')
    await scene.terminal.until(/❯ store half/)
    scene.terminal.type('\u001b')
    await scene.terminal.until(PANES)
    await stopsAndGoesOn(scene, () => process.kill(scene.pid, 'SIGTSTP'))
    await leaves(scene)
  }, sameTerminal))

test('after a SIGSTOP, which leaves no time, SIGCONT takes the screen again', () =>
  inShell(
    async (scene) => {
      const before = seen(scene.terminal)
      process.kill(scene.pid, 'SIGSTOP')
      // wherever the last frame was cut off, perhaps across the edge of the screen
      await scene.terminal.until(() => scene.terminal.output.includes('the shell is back'), 5000)
      // the console's line discipline is still there: Enter is another character
      scene.terminal.type('typed meanwhile\n')
      await scene.terminal.until(() => seen(scene.terminal) === before, 5000)
      scene.terminal.type('?')
      await scene.terminal.until(/Ctrl-Z +stop this program/)
      scene.terminal.type('qq')
      await scene.terminal.until(/code 0/)
      assert(!scene.terminal.alternate)
    },
    () => undefined,
  ))

test('where no shell could continue it, Ctrl-Z does not hang', async () => {
  const terminal = new Terminal([DRIVER, '{"idle":true}'])
  try {
    await terminal.until(READY)
    const before = seen(terminal)
    terminal.type('\u001a')
    await terminal.until(() => terminal.output.includes(PASTE_OFF) && terminal.alternate)
    await terminal.until(() => seen(terminal) === before, 5000)
    terminal.type('q')
    assert.strictEqual(await terminal.end(), 0)
  } finally {
    await terminal.close()
  }
})

test('Ctrl-L paints what others wrote over the screen anew', async () => {
  const terminal = new Terminal([DRIVER, '{"idle":true}'])
  try {
    await terminal.until(READY)
    const before = seen(terminal)
    writeFileSync(readlinkSync(`/proc/${terminal.pid}/fd/1`), '\u001b[9;20HTORN PICTURE\u001b[3;3Hhere too')
    await terminal.until(/here too[\s\S]*TORN PICTURE/)
    terminal.type('\u000c')
    await terminal.until(() => seen(terminal) === before, 5000)
  } finally {
    await terminal.close()
  }
})

test.run()
