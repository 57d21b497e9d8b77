import assert from 'node:assert'
import { test } from 'uvu'
import { qrLines } from '../../src/cli/qr.js'
import type { Size } from '../../ui/state.js'
import { modelOf, NOW } from './models.js'
import { network } from './network.js'
import { screenOf } from './screen.js'
import { READY, withTerminal } from './with-terminal.js'

/** SGR parameters as the console writes them, behind `escape [`. */
const COLOUR = /\[(?:\d+;)*(?:3|4|9|10)\d(?:;\d+)*m/
const RICH_OR_YELLOW = /\[(?:\d+;)*(?:38|48|33|93)(?:;\d+)*m/
/** Erased displays, a reset, and what fills or moves the whole screen. */
const CLEARED = /\[[0123]?J|\[\d*[ST]|\[!p/
const BUDGET_BYTES_PER_SECOND = 8192
const FRAMES_PER_SECOND = 10
/** OSC 52: what is in it goes to the clipboard. */
const COPY = /\]52;c;([A-Za-z0-9+/=]+)/

/** What an idle console must look like, by the views alone. */
function idleScreen(size: Size): string {
  const snapshot = network(NOW / 1000, { transfers: [], rates: { down: 0, up: 0 } })
  const still = { ...snapshot, mining: { ...snapshot.mining, active: false } }
  const samples = [{ down: 0, up: 0, hashRate: 0 }]
  return screenOf(modelOf(still, { size, rates: samples, now: Date.now() }))
    .map((line) => line.trimEnd())
    .join('\n')
}

const trimmed = (screen: string) =>
  screen
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')

test('paints before there is a core, on the alternate screen', () =>
  withTerminal({ startAfterMs: 1500 }, async (terminal) => {
    await terminal.until(/p2p-tui {2}starting…/)
    assert(terminal.alternate)
    await terminal.until(READY)
  }))

test('80x24 shows four live panes', () =>
  withTerminal({}, async (terminal) => {
    const screen = await terminal.until(READY)
    for (const part of [
      /1 Peers.*2 Chain/,
      /3 Ring.*4 Files/,
      /finch-teal +20 ms/,
      /#1204 .*voter0: yes/,
      /◆ otter-lime/,
      /from 3 peers/,
    ]) {
      assert(part.test(screen), `no ${part}:\n${screen}`)
    }
    const done = () => Number(/music\.txt .* (\d+)\/512/.exec(terminal.screen)?.[1])
    const before = done()
    await terminal.until(() => done() !== before)
  }))

test('120x40 adds the ring picture and a chart from live data', () =>
  withTerminal(
    {},
    async (terminal) => {
      await terminal.until(/Rate MB\/s[\s\S]*-1:30 +-1:00 +-0:30/)
      await terminal.until((screen) => (screen.match(/[\u2801-\u28ff]/g) ?? []).length > 100)
      assert.match(terminal.screen, /[\u2801-\u28ff].*→ finch-teal +alive +20 ms/)
    },
    { columns: 120, rows: 40 },
  ))

test('a resize to any size draws the whole screen anew and nothing else', () =>
  withTerminal({ idle: true }, async (terminal) => {
    await terminal.until(READY)
    let seed = 7
    const below = (limit: number) => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % limit
    const sizes = Array.from({ length: 14 }, () => ({ columns: 30 + below(180), rows: 8 + below(52) }))
    for (const size of [...sizes, { columns: 80, rows: 24 }]) {
      terminal.resize(size.columns, size.rows)
      const wanted = idleScreen(size)
      await terminal
        .until((screen) => trimmed(screen) === wanted)
        .catch((error: Error) => {
          throw new Error(`${size.columns}x${size.rows}: ${error.message}\nwanted:\n${wanted}`)
        })
    }
  }))

test('a burst that ends in Enter is entered, as tmux sends it', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.type('vote alice yes\r')
    await terminal.until(/✓ alice voted yes in block #1205/)
    await terminal.until(/#1205 .*alice: yes/)
    terminal.type('VOTE alice no\r')
    await terminal.until(/✗ Invalid\/duplicate Vote!/)
  }))

test('a burst is edited key by key, anywhere in the line', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.type('vote ann no\u007f\u007fyes\r')
    await terminal.until(/✓ ann voted yes/)
    terminal.type(':ac\u001b[Db\u0001X\u001b[D\u001b[DY\u0005Z')
    await terminal.until(/❯ YXabcZ/)
    terminal.type('\u001b[D\u0015')
    await terminal.until(/❯ Z *$/m)
    terminal.type('store \u001b[Fx\u0017\u0002\u0006\u001b[3~\u0018yz')
    await terminal.until(/❯ store yz/)
  }))

test('a line longer than the prompt keeps its cursor in view', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.type(`:store ${'日本'.repeat(40)}end`)
    await terminal.until(/❯ .*日本end *$/m)
    terminal.type('\u0001>')
    await terminal.until(/❯ >store 日本/)
    for (const line of terminal.lines.slice(1, 20)) assert.match(line, /^[╭│╰].*[╮│╯]$/)
  }))

test('a bracketed paste enters each of its lines', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.type('\u001b[200~vote a yes\nvote b no\nstore half\u001b[201~')
    await terminal.until(/b voted no[\s\S]*❯ store half/)
    await terminal.until(/a: yes/)
  }))

test('v asks for voter and choice, Esc forgets it', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.type('v')
    await terminal.until(/vote {2}voter .*choice/)
    terminal.type('ann\r')
    await terminal.until(/voter ann .*choice/)
    terminal.type('\u001b')
    await terminal.until(/Tab pane/)
    terminal.type('v')
    await terminal.until(/voter .*choice/)
    terminal.type('bob\rno\r\r')
    await terminal.until(/bob voted no/)
  }))

test('the help comes from the command table, Esc closes it', () =>
  withTerminal(
    {},
    async (terminal) => {
      await terminal.until(READY)
      terminal.type('?')
      await terminal.until(
        /Help[\s\S]*Keys[\s\S]*zoom the pane[\s\S]*v a +vote <voter> <choice>[\s\S]*casts a ballot[\s\S]*transfers/,
      )
      terminal.type('\u001b')
      await terminal.until(READY)
    },
    { rows: 40 },
  ))

test('history, completion and its candidates', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.type(':request m')
    terminal.type('\t')
    await terminal.until(/❯ request mus/)
    terminal.type('\t')
    await terminal.until(/music\.txt {2}mustard\.txt[\s\S]*❯ request music\.txt/)
    terminal.type('\r')
    await terminal.until(/fetched music\.txt/)
    terminal.type(':draft')
    await terminal.until(/❯ draft/)
    terminal.type('\u001b[A')
    await terminal.until(/❯ request music\.txt/)
    terminal.type('\u001b[B')
    await terminal.until(/❯ draft/)
  }))

test('focus, zoom, filter, detail and cancel', () =>
  withTerminal({ downloads: 2 }, async (terminal) => {
    await terminal.until(READY)
    terminal.type('/wren\r')
    await terminal.until((screen) => /Peers \/wren/.test(screen) && !/● finch/.test(screen))
    terminal.type('\r')
    await terminal.until(/Peer wren-amber[\s\S]*127\.0\.0\.1:24001/)
    terminal.type('\u001b')
    await terminal.until(/3 Ring/)
    terminal.type('\u001b')
    await terminal.until(/● finch/)
    terminal.type('4')
    terminal.type('z')
    await terminal.until((screen) => /4 Files/.test(screen) && !/◆ otter/.test(screen))
    terminal.type('j')
    terminal.type('k')
    terminal.type('x')
    await terminal.until(/cancelled transfer 1/)
    await terminal.until((screen) => !/music\.txt.*\/512/.test(screen))
  }))

test('long answers open over the panes, a ticket whole and without a border', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.type('d')
    await terminal.until(/Tally main[\s\S]*yes {2}6/)
    terminal.type('q')
    await terminal.until(/1 Peers/)
    terminal.type(':ticket\r')
    await terminal.until(/Invite/)
    assert.match(terminal.lines.join(''), /p2p1q{160}end/)
  }))

test('a ticket is copied when asked for, and never before', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.type(':ticket\r')
    await terminal.until(/paste it[\s\S]*in a terminal of \d+x\d+ a QR code stands here[\s\S]*y copy/)
    const copied = () => COPY.exec(terminal.output)?.[1]
    assert.strictEqual(copied(), undefined)
    terminal.type('y')
    await terminal.until(/handed to the terminal to copy/)
    assert.strictEqual(Buffer.from(copied() ?? '', 'base64').toString(), `p2p1${'q'.repeat(160)}end`)
    terminal.type('\u001b')
    await terminal.until(/1 Peers/)
    terminal.type('y')
    await terminal.until(/y is not a key here/)
  }))

test('where it fits, a QR code of the ticket stands below it, light on dark', () =>
  withTerminal(
    {},
    async (terminal) => {
      const wanted = qrLines(`p2p1${'q'.repeat(160)}end`)
      await terminal.until(READY)
      terminal.type(':ticket\r')
      await terminal.until(/paste it/)
      const shown = () => terminal.lines.map((line) => line.trimEnd())
      await terminal.until(() => shown().join('\n').includes(wanted.join('\n')))
      assert.strictEqual(terminal.colourOf(wanted[0] ?? ''), 15)
      terminal.resize(100, 24)
      await terminal.until(/in a terminal of \d+x\d+ a QR code stands here/)
    },
    { columns: 120, rows: 50 },
  ))

test('unknown escape sequences and terminal replies are ignored', () =>
  withTerminal({ idle: true }, async (terminal) => {
    await terminal.until(READY)
    const before = terminal.screen
    for (const sequence of [
      '\u001b[1;5P',
      '\u001b[?1;2c',
      '\u001b[I',
      '\u001b[24;80R',
      '\u001bOZ',
      '\u001b[<0;10;10M',
      '\u001b[57399u',
    ])
      terminal.type(sequence)
    terminal.type(':here')
    await terminal.until(/❯ here/)
    assert.strictEqual(terminal.lines.slice(0, 20).join('\n'), before.split('\n').slice(0, 20).join('\n'))
    assert.match(terminal.lines[23] ?? '', /^ ❯ here\s*$/)
  }))

test('wide and combined characters go in and out of the prompt whole', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.type(':store 日本e\u0301')
    await terminal.until(/❯ store 日本é/)
    terminal.type('\u007f\u007f')
    await terminal.until(/❯ store 日 *$/m)
    terminal.type('\r')
    await terminal.until(/stored 日 as p2p/)
  }))

test('a name that is an attack is shown as text', () =>
  withTerminal({ extraPeer: '\u001b[2J\u001b]0;owned\u0007日本\u202e evil' }, async (terminal) => {
    await terminal.until(READY)
    await terminal.until(/● .{0,12}\[2J/)
    for (const line of terminal.lines.slice(2, 9)) assert.match(line, /^│.*││.*│$/)
    assert(!terminal.output.includes('\u001b]0;owned'))
  }))

test('what is printed behind the back does not tear the picture', () =>
  withTerminal({ idle: true }, async (terminal) => {
    await terminal.until(READY)
    terminal.type(':print\r')
    await terminal.until(/also on stderr/)
    for (const line of terminal.lines.slice(1, 20)) assert.match(line, /^[╭│╰].*[╮│╯]$/)
    terminal.type('q')
    assert.strictEqual(await terminal.end(), 0)
    assert.match(terminal.screen, /printed behind the back\s+also on stderr/)
  }))

test('the network has a word in the message line', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.signal('SIGUSR1')
    await terminal.until(/no anchor answered: founded network "home"/)
  }))

test('NO_COLOR: no colour at all, and still readable', () =>
  withTerminal(
    {},
    async (terminal) => {
      await terminal.until(READY)
      terminal.type('vote a yes\r')
      await terminal.until(/✓ a voted/)
      assert.doesNotMatch(terminal.output, COLOUR)
    },
    { env: { NO_COLOR: '1' } },
  ))

test('colours are the sixteen of the terminal, and never yellow', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    assert.strictEqual(terminal.colourOf('●'), 2)
    assert.doesNotMatch(terminal.output, RICH_OR_YELLOW)
  }))

test('without a UTF-8 locale everything is ASCII', () =>
  withTerminal(
    { extraPeer: 'Zürich' },
    async (terminal) => {
      await terminal.until(/\+ 1 Peers -+ 8 \+/)
      await terminal.until(/\* Z\?rich/)
      assert.match(terminal.output.replaceAll('\u001b', ''), /^[\r\n -~]*$/)
    },
    { env: { LANG: 'C', LC_CTYPE: undefined }, columns: 120, rows: 40 },
  ))

for (const size of [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 60 },
]) {
  test(`four downloads at ${size.columns}x${size.rows}: 10 frames a second fit into 8 KB/s, and nothing is cleared`, () =>
    withTerminal(
      { downloads: 4, eventsPerSecond: 2000 },
      async (terminal) => {
        await terminal.until(READY)
        // the charts are there, so that their movement counts too
        if (size.columns >= 120) await terminal.until(/Rate MB\/s[\s\S]*-1:30/)
        const start = terminal.output.length
        const frames = () => terminal.output.slice(start).split('\u001b[?2026h').length - 1
        await terminal.until(() => frames() >= 24)
        const written = terminal.output.slice(start)
        const bytesPerSecond = (Buffer.byteLength(written) / frames()) * FRAMES_PER_SECOND
        assert(bytesPerSecond <= BUDGET_BYTES_PER_SECOND, `${bytesPerSecond} bytes/s`)
        assert.doesNotMatch(written, CLEARED)
        assert(!written.includes('\u001bc'), 'the terminal was reset')
      },
      size,
    ))
}

test.run()
