// The panes as a person sees them: the real console in a real terminal, at the sizes that matter.
import assert from 'node:assert'
import { test } from 'uvu'
import type { Terminal, TerminalOptions } from '../e2e/terminal.js'
import { READY, withTerminal } from './with-terminal.js'

const at = (columns: number, rows: number, env: TerminalOptions['env'] = {}): TerminalOptions => ({
  columns,
  rows,
  env,
})

/** Waits for all of them on one screen. */
async function sees(terminal: Terminal, ...expected: readonly RegExp[]): Promise<string> {
  try {
    return await terminal.until((screen) => expected.every((one) => one.test(screen)))
  } catch {
    const missing = expected.filter((one) => !one.test(terminal.screen))
    throw new Error(`no ${missing.join(' and ')} on the screen:\n${terminal.screen}`)
  }
}

/** A line of the body that has both its walls. */
const isWhole = (line: string) => /^[╭│╰].*[╮│╯]$/.test(line.trimEnd())

const dotsOf = (screen: string) => (screen.match(/[\u2801-\u28ff]/g) ?? []).length

test('200x60: three columns with everything in them', () =>
  withTerminal(
    { lookup: 'done' },
    async (terminal) => {
      await sees(
        terminal,
        /1 Peers.*3 Ring.*Rate MB\/s/,
        /name +rtt +down +up +score +age +address +version/,
        /● finch-teal +20 ms ↓1\.2M ↑ 80k +98 +\d+[dwy] 127\.0\.0\.1:24001 +0\.1\.0/,
        /block hash +age +work +records +author/,
        /#1204 .* voter0: yes +finch-teal/,
        /Block #1204[\s\S]*leading zero bit.*hashes expected/,
        /2 pending · difficulty 2\^21\.4 · 5\.9 MH\/s/,
        /lookup music\.txt: otter → finch → wren owns it, 2 hops/,
        /▓+▒+░+/,
        /▒ wren-amber +27 MB {2}1\.4 MB\/s/,
        /Mining MH\/s[\s\S]*difficulty 2\^n, 8 blocks/,
        /█6█+ +█2█+/,
        /Log ─/,
      )
      await terminal.until((screen) => dotsOf(screen) > 300)
    },
    at(200, 60),
  ))

test('every size between fills the screen with whole frames', () =>
  withTerminal({ downloads: 2 }, async (terminal) => {
    await terminal.until(READY)
    for (const [columns, rows] of [
      [80, 60],
      [100, 30],
      [160, 40],
      [200, 24],
      [250, 30],
      [120, 40],
      [300, 100],
    ] as const) {
      terminal.resize(columns, rows)
      await terminal.until((screen) => {
        const lines = screen.split('\n')
        const body = lines.slice(1, rows - 3).map((line) => line.trimEnd())
        return (
          lines.length === rows &&
          / ❯ : types a command/.test(lines[rows - 1] ?? '') &&
          ['1 Peers', '2 Chain', '3 Ring', '4 Files'].every((title) => screen.includes(title)) &&
          body.every((line) => line.length === columns && /^[╭│╰].*[╮│╯]$/.test(line))
        )
      })
    }
  }))

test('below 80x24 one pane with tabs; Tab goes through them', () =>
  withTerminal(
    { lookup: 'running' },
    async (terminal) => {
      await sees(terminal, /1 Peers {2,}2 Chain {2,}3 Ring {2,}4 Files/, /● finch-teal/)
      assert.doesNotMatch(terminal.screen, /#1203/)
      terminal.type('\t')
      await sees(terminal, /╭ 2 Chain/, /#1203/)
      terminal.type('3')
      await sees(terminal, /╭ 3 Ring/, /lookup music\.txt: otter-lime → finch-teal → …/)
      terminal.resize(39, 12)
      await terminal.until(/^too small: 39x12 of 40x10/)
    },
    at(60, 14),
  ))

test('a zoomed pane uses its room', () =>
  withTerminal(
    { downloads: 2, lookup: 'done' },
    async (terminal) => {
      await terminal.until(READY)
      terminal.type('z')
      await sees(terminal, /score +age +got gave id +address +version role/)
      terminal.type('2')
      await sees(terminal, /#1203 .*\d+m.*voter1/, /author +Block #1204/, /hash +[0-9a-f]{32}/)
      terminal.type('j')
      await sees(terminal, /Block #1203/)
      terminal.type('4')
      await sees(terminal, /music\.txt +\d+\/512 chunks[\s\S]*part-1\.bin +\d+\/512 chunks/, /▓+▒+/)
      terminal.type('3')
      await sees(terminal, /finch-teal.?1/, /2.{0,2}wren-amber/, /● lark-jade/)
      await terminal.until((screen) => dotsOf(screen) > 100)
      terminal.type('z')
      await terminal.until(
        (screen) => /4 Files/.test(screen) && /1 Peers/.test(screen) && !/ 2 Chain {2,}3/.test(screen),
      )
    },
    at(150, 32),
  ))

test('the detail of a peer says all there is, and what it gives us right now', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.type('/finch\r')
    terminal.type('\r')
    await sees(
      terminal,
      /Peer finch-teal/,
      /software +p2p-tui 0\.1\.0/,
      /score +98 of 100: answers all that is asked of it/,
      /up for +\d+[dwy], since 20/,
      /received +1\.2 MB, now 1\.2 MB\/s/,
      /gives us +music\.txt: 27 MB so far, 1\.4 MB\/s, \d chunks? coming/,
    )
  }))

test('the detail of a block tells what its proof of work means', () =>
  withTerminal({}, async (terminal) => {
    await terminal.until(READY)
    terminal.type('2')
    terminal.type('\r')
    await sees(
      terminal,
      /Block #1204/,
      /parent +#1203, 1:01 before/,
      /proof +\d+ leading zero bits?; 2\^32\.0 hashes expected/,
      /1 record[\s\S]*finch-teal +voter0: yes {2}ballot {2}poll main/,
    )
  }))

test('the detail of a ring neighbour says where it stands', () =>
  withTerminal({ lookup: 'done' }, async (terminal) => {
    await terminal.until(READY)
    terminal.type('3')
    terminal.type('G')
    terminal.type('k')
    terminal.type('k')
    terminal.type('\r')
    await sees(
      terminal,
      /Ring: wren-amber/,
      /place +successor 2 of 4/,
      /distance +[\d.]+ % of the circle after us, [\d.]+ % of the circle before us/,
      /round trip +27\.0 ms/,
      /on ring +alive/,
      /keys +those after finch-teal: [\d.]+ % of the circle/,
      /lookup +hop 2 on the way to music\.txt/,
      /software +p2p-tui/,
    )
  }))

test('the detail of a transfer has its whole chunk map and every source', () =>
  withTerminal(
    {},
    async (terminal) => {
      await terminal.until(READY)
      terminal.type('4')
      terminal.type('\r')
      await sees(
        terminal,
        /512 chunks, 8 coming/,
        /▓+▒+░+/,
        /3 sources/,
        /▒ finch-teal +27 MB {2}1\.4 MB\/s {2}3 coming/,
        /▒ lark-jade/,
        /time left +0:48/,
      )
      const field = terminal.screen.match(/[▓▒░]/g) ?? []
      assert(field.length >= 512, `${field.length} signs`)
    },
    at(80, 40),
  ))

for (const [columns, rows] of [
  [80, 24],
  [120, 40],
  [200, 60],
] as const) {
  test(`${columns}x${rows}: empty panes say how to fill them, in whole words`, () =>
    withTerminal(
      { empty: true },
      async (terminal) => {
        const joined = (screen: string) => screen.replaceAll(/[│─╭╮╰╯\s]+/g, ' ')
        const words = [/no files yet: :store <file>/, /0 peers/, /no peers yet: run p2p-tui in a/]
        const more = [/no blocks yet: :vote <voter>/, /alone on the ring/, /: types a command/]
        await terminal.until((screen) => [...words, ...more].every((one) => one.test(joined(screen))))
        assert.doesNotMatch(joined(terminal.screen).replaceAll(/[0-9a-f]{4}…[0-9a-f]{2}|loading…/g, ''), /…/)
        if (columns < 200) return
        await sees(terminal, /no votes yet: :vote <voter> <choice>/, /nothing logged yet/, /nothing was mined yet/)
      },
      at(columns, rows),
    ))
}

test('200x60 without colour: everything is still told apart', () =>
  withTerminal(
    { lookup: 'done' },
    async (terminal) => {
      await sees(terminal, /▓+[abc]+░+/, /a finch-teal/, /█6█/, /1[\s\S]*2.{0,2}wren-amber/)
      await terminal.until(/[\u2801-\u28ff]↑ │/)
      await terminal.until(/[\u2801-\u28ff]↓ │/)
    },
    at(200, 60, { NO_COLOR: '1' }),
  ))

test('200x60 without UTF-8: nothing but ASCII', () =>
  withTerminal(
    { lookup: 'done' },
    async (terminal) => {
      await sees(terminal, /#+[abc]+\.+/, /#6#/, /lookup music\.txt: otter > finch > wren owns it/, /Mining MH/)
      assert.match(terminal.output.replaceAll('\u001b', ''), /^[\r\n -~]*$/)
    },
    at(200, 60, { LANG: 'C', LC_CTYPE: undefined }),
  ))

test('panes keep their place while downloads come and go', () =>
  withTerminal(
    { downloads: 3 },
    async (terminal) => {
      await terminal.until((screen) => READY.test(screen) && screen.split('\n').slice(1, 36).every(isWhole))
      const edges = () => terminal.lines.map((line) => line.replaceAll(/[^╭╮╰╯]/g, ' ').trimEnd()).join('\n')
      const before = edges()
      terminal.type('4')
      for (const n of [2, 3]) {
        terminal.type('j')
        terminal.type('x')
        await sees(terminal, new RegExp(`cancelled transfer ${n}`))
        // the answer may be there a frame before the list without it
        const bar = new RegExp(`part-${n - 1}\\.bin .*\\d+ % \\d+/`)
        await terminal.until((screen) => !bar.test(screen))
        terminal.type('g')
      }
      // a frame may still be on its way
      await terminal.until(() => edges() === before)
    },
    at(160, 40),
  ))

test.run()
