/** What opens over the panes, in a real terminal: the log with its levels, filters, what `y` copies, the help. */
import assert from 'node:assert'
import { test } from 'uvu'
import type { Terminal } from '../e2e/terminal.js'
import { hash, peerId } from './network.js'
import { withConsole } from './with-terminal.js'

const ESC = '\u001b'

/** Runs a line, and closes what it opened. */
async function chatter(terminal: Terminal, lines: number): Promise<void> {
  terminal.type(`:chatter ${lines}\r`)
  await terminal.until(/✓ done|happening/)
}

/** What went to the clipboard last. */
function clipboard({ output }: Terminal): string {
  const last = [...output.matchAll(/\]52;c;([A-Za-z0-9+/=]+)/g)].at(-1)?.[1] ?? ''
  return Buffer.from(last, 'base64').toString()
}

test('the log shows time, level and text, from a level on that + and - change', () =>
  withConsole(async (terminal) => {
    await chatter(terminal, 10)
    terminal.type(':log\r')
    const screen = await terminal.until(/Log {2}info and above[\s\S]*✗ error +happening 9/)
    for (const part of [/\d\d:\d\d:\d\d ○ info +happening 1\b/, /● notice +happening 7/, /◐ warn +happening 8/])
      assert.match(screen, part)
    assert.doesNotMatch(screen, /debug +happening/)
    assert.strictEqual(terminal.colourOf('✗ error'), 1)
    terminal.type('+')
    await terminal.until(/Log {2}debug and above[\s\S]*· debug +happening 5/)
    for (const key of '---') terminal.type(key)
    await terminal.until((now) => /Log {2}warn and above/.test(now) && !/notice +happening/.test(now))
    terminal.type(ESC)
    await terminal.until(/1 Peers/)
    terminal.type(':LOG error\r')
    await terminal.until((now) => /Log {2}error\b/.test(now) && /error +happening/.test(now) && !/warn +happ/.test(now))
  }))

test('without colour and without UTF-8 the levels still differ', () =>
  withConsole(
    async (terminal) => {
      terminal.type(':chatter 5\r')
      terminal.type(':log debug\r')
      await terminal.until(/- debug +happening 0[\s\S]*o info[\s\S]*\* notice[\s\S]*% warn[\s\S]*! error +happening 4/)
    },
    { env: { NO_COLOR: '1', LANG: 'C' } },
  ))

test('the log follows its end, but keeps its place once it is scrolled', () =>
  withConsole(async (terminal) => {
    await chatter(terminal, 100)
    terminal.type(':log\r')
    await terminal.until(/error +happening 99/)
    await chatter(terminal, 3)
    await terminal.until(/notice +happening 2\b/)
    terminal.type('k')
    await terminal.until(/standing still[\s\S]*info {3}happening 1\n/)
    const place = terminal.lines.slice(2, 18)
    await chatter(terminal, 200)
    await terminal.until(/of 242 /)
    assert.deepStrictEqual(terminal.lines.slice(2, 18), place)
    assert.match(terminal.screen, /G follow/)
    terminal.type('G')
    await terminal.until((screen) => /error +happening 199/.test(screen) && !/standing still/.test(screen))
  }))

test('/ filters the log, live, and Esc ends the filter before it closes', () =>
  withConsole(async (terminal) => {
    await chatter(terminal, 30)
    terminal.type(':log\r')
    await terminal.until(/happening 29/)
    terminal.type('/')
    terminal.type('ing 2')
    await terminal.until(
      (screen) => /\/ing 2/.test(screen) && /happening 2\b/.test(screen) && !/happening 19/.test(screen),
    )
    terminal.type('\r')
    await chatter(terminal, 23)
    await terminal.until((screen) => (screen.match(/happening 22/g) ?? []).length === 2)
    terminal.type(ESC)
    await terminal.until((screen) => !/\/ing 2/.test(screen) && /error +happening 19/.test(screen))
    terminal.type(ESC)
    await terminal.until(/1 Peers/)
  }))

test('y copies the log as it is shown, the newest 64 KiB at most', () =>
  withConsole(async (terminal) => {
    await chatter(terminal, 12)
    terminal.type(':log warn\r')
    await terminal.until(/y copy[\s\S]*/)
    terminal.type('y')
    await terminal.until(/4 lines are handed to the terminal/)
    const lines = clipboard(terminal).split('\n')
    assert.deepStrictEqual(
      lines.map((line) => line.replace(/^\d\d:\d\d:\d\d /, '')),
      ['warn happening 3', 'error happening 4', 'warn happening 8', 'error happening 9'],
    )
  }))

test('/ filters a long answer and the help, and y copies what is left of the answer', () =>
  withConsole(async (terminal) => {
    terminal.type(':lines 300\r')
    await terminal.until(/lines 300[\s\S]*line 15 /)
    terminal.type('/')
    terminal.type('LINE 29')
    await terminal.until((screen) => /line 299/.test(screen) && !/line 15 /.test(screen))
    terminal.type('\r')
    terminal.type('y')
    await terminal.until(/11 lines are handed/)
    assert.match(clipboard(terminal), /^line 29 [\s\S]*\nline 299 /)
    terminal.type('q')
    await terminal.until(/1 Peers/)
    terminal.type('?')
    await terminal.until(/Help/)
    terminal.type('/')
    terminal.type('fetches')
    await terminal.until((screen) => /request <name/.test(screen) && !/zoom/.test(screen))
    terminal.type('nothing at all')
    await terminal.until(/nothing here fits "fetchesnothing at all"/)
  }))

test('an answer of megabytes is copied up to 64 KiB', () =>
  withConsole(async (terminal) => {
    terminal.type(':lines 9000\r')
    await terminal.until(/line 15 /)
    terminal.type('y')
    await terminal.until(/\d+ lines of 9000 are handed/)
    const { length } = clipboard(terminal)
    assert(length > 60_000 && length <= 65_536, String(length))
  }))

test('y copies the id of a peer, the hash of a block, the link of a file', () =>
  withConsole(async (terminal) => {
    const copies = async (pane: string, wanted: string, what: RegExp) => {
      terminal.type(pane)
      terminal.type('\r')
      await terminal.until(/y copy/)
      terminal.type('y')
      await terminal.until(what)
      assert.strictEqual(clipboard(terminal), wanted)
      terminal.type(ESC)
      await terminal.until(/1 Peers/)
    }
    await copies('1', peerId('crane-ruby'), /the id is handed/)
    await copies('2', hash('block 1204'), /the hash is handed/)
    await copies('4', `p2p:${hash('file music.txt')}?name=music.txt`, /the link is handed/)
  }))

test('of a block y copies the id of the record that a filter picks, as `receipt` wants it', () =>
  withConsole(async (terminal) => {
    terminal.type('2')
    terminal.type('\r')
    await terminal.until(/1 record {2}\(\/ picks some, then y copies their ids\)/)
    terminal.type('/')
    terminal.type('VOTER0')
    await terminal.until((screen) => /voter0: yes/.test(screen) && !/leading zero/.test(screen))
    terminal.type('\r')
    terminal.type('y')
    await terminal.until(/the id of the record is handed/)
    assert.strictEqual(clipboard(terminal), hash('voter0 yes'))
    terminal.type('/')
    terminal.type('x')
    await terminal.until(/nothing here fits/)
    terminal.type('\r')
    terminal.type('y')
    await terminal.until(/the hash is handed/)
    assert.strictEqual(clipboard(terminal), hash('block 1204'))
  }))

test('the help groups the commands of the table and shows an example of each', () =>
  withConsole(
    async (terminal) => {
      terminal.type('?')
      await terminal.until(
        /Votes[\s\S]*v a +vote <voter> <choice>[\s\S]*e\.g\. vote ann yes[\s\S]*Files[\s\S]*store <path>/,
      )
    },
    { rows: 60, columns: 120 },
  ))

test.run()
