import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { type InkKey, keysOf, pastedKeys } from '../../ui/input/keys.js'
import { press } from '../../ui/input/press.js'
import type { Effect, Surroundings } from '../../ui/input/step.js'
import { textOf } from '../../ui/prompt/editor.js'
import { quoteWord } from '../../ui/prompt/quote.js'
import { initialState, type UiState } from '../../ui/state.js'
import { NOW } from './models.js'
import { hash, network } from './network.js'
import { COMMANDS } from './scripted-source.js'

const NOTHING: InkKey = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
}

const FILE_KEYS = ['t:1', `f:${hash('file atlas.iso')}`, `f:${hash('file music.txt')}`]

const around: Surroundings = {
  snapshot: network(NOW / 1000),
  commands: COMMANDS,
  complete: (line) => ({
    from: 0,
    argument: -1,
    candidates: ['store', 'status', 'stop here'].filter((word) => word.startsWith(line)).map((value) => ({ value })),
  }),
  keysOf: (pane) => (pane === 'files' ? FILE_KEYS : ['one', 'two', 'three']),
  pageLines: 2,
  overlayScroll: 5,
  overlayTop: 0,
  lastLog: null,
  copied: () => null,
  now: NOW,
}

/** A console that is typed at: strings are bursts as a terminal sends them, objects are named keys. */
function typing(...inputs: readonly (string | Partial<InkKey>)[]): { ui: UiState; effects: Effect[]; lines: string[] } {
  return typingFrom(initialState(['tally', 'vote ann no']), ...inputs)
}

function typingFrom(start: UiState, ...inputs: readonly (string | Partial<InkKey>)[]) {
  let ui = start
  const effects: Effect[] = []
  for (const input of inputs) {
    const keys = typeof input === 'string' ? keysOf(input, NOTHING) : keysOf('', { ...NOTHING, ...input })
    for (const key of keys) {
      const step = press(ui, key, around)
      ui = step.ui
      effects.push(...step.effects)
    }
  }
  return { ui, effects, lines: effects.flatMap((effect) => (effect.do === 'run' ? [effect.line] : [])) }
}

const ENTER = { return: true }
const ESC = { escape: true }
const TAB = { tab: true }

test('a burst that ends in Enter is typed and entered', () => {
  const { ui, lines } = typing('vote a yes\r')
  assert.deepStrictEqual(lines, ['vote a yes'])
  assert.strictEqual(textOf(ui.prompt), '')
  assert.strictEqual(ui.mode, 'panes')
})

test('a burst without Enter waits in the prompt, also when it comes in pieces', () => {
  assert.deepStrictEqual(typing('vote alice yes', '\r').lines, ['vote alice yes'])
  assert.deepStrictEqual(typing('vo', 'te alice', ' yes\r').lines, ['vote alice yes'])
  assert.deepStrictEqual(typing(':vote alice', ' yes\r').lines, ['vote alice yes'])
  assert.deepStrictEqual(typing('VOTE alice yes\r').lines, ['VOTE alice yes'])
})

test('a line that is typed by hand after a colon is entered', () => {
  assert.deepStrictEqual(typing(...':vote alice yes', '\r').lines, ['vote alice yes'])
})

test('a command typed by hand without a colon means the command, not the form of its first letter', () => {
  assert.deepStrictEqual(typing(...'vote alice yes', '\r').lines, ['vote alice yes'])
  assert.deepStrictEqual(typing(...'request music.txt', ENTER).lines, ['request music.txt'])
  assert.deepStrictEqual(typing('v', 'o', 'te alice', ' yes', ENTER).lines, ['vote alice yes'])
})

test('letters that arrive together but are no command are keys', () => {
  assert.strictEqual(typing('2jj').ui.cursors.chain.index, 2)
  assert.strictEqual(typing('zz').ui.zoom, false)
  assert.strictEqual(typing('/mus\r').ui.filters.peers, 'mus')
})

test('a paste is text, never keys, and each of its lines is entered in order', () => {
  let ui = initialState([])
  const effects: Effect[] = []
  for (const key of pastedKeys('q\nvote a yes\r\nvote b no\nrest')) {
    const step = press(ui, key, around)
    ui = step.ui
    effects.push(...step.effects)
  }
  assert.deepStrictEqual(effects, [
    { do: 'run', line: 'q', queued: true },
    { do: 'run', line: 'vote a yes', queued: true },
    { do: 'run', line: 'vote b no', queued: true },
  ])
  assert.strictEqual(textOf(ui.prompt), 'rest')
})

test('control characters in a paste are dropped', () => {
  const keys = pastedKeys('vote\u001b[31m a\u0003 yes\u0000')
  assert.deepStrictEqual(
    keys.map((key) => (key.kind === 'text' ? key.text : key.name)),
    ['vote', '[31m a', ' yes'],
  )
})

test('v opens the form of a vote; Enter moves on and submits', () => {
  for (const key of ['v', 'a']) {
    const { ui } = typing(key, 'ann', ENTER)
    assert.strictEqual(ui.mode, 'form')
    assert.strictEqual(ui.form?.at, 1)
    assert.deepStrictEqual(typingFrom(ui, 'yes', ENTER, ENTER).lines, ['vote ann yes'])
    assert.deepStrictEqual(typingFrom(ui, 'yes', ENTER, 'x y', ENTER).lines, ['vote ann yes --poll "x y"'])
  }
})

test('a form quotes words with blanks', () => {
  assert.deepStrictEqual(typing('v', 'ann b', ENTER, 'so "so"\\', ENTER, ENTER).lines, [
    'vote "ann b" "so \\"so\\"\\\\"',
  ])
  assert.strictEqual(quoteWord('music.txt'), 'music.txt')
})

test('a form that lacks a word says which and stays', () => {
  const { ui, lines } = typing('v', ENTER, ENTER, ENTER)
  assert.deepStrictEqual(lines, [])
  assert.strictEqual(ui.mode, 'form')
  assert.strictEqual(ui.form?.at, 0)
  assert.match(ui.message?.text ?? '', /voter/)
})

test('Esc leaves a form and everything else as it was', () => {
  const { ui, effects } = typing('v', 'ann', ENTER, 'yes', ESC)
  assert.deepStrictEqual(effects, [])
  assert.deepStrictEqual(ui, initialState(['tally', 'vote ann no']))
})

test('the optional field of a form becomes a flag', () => {
  assert.deepStrictEqual(typing('s', 'a b.txt', ENTER, 'b.txt', ENTER).lines, ['store "a b.txt" --as b.txt'])
  assert.deepStrictEqual(typing('s', 'a.txt', ENTER, ENTER).lines, ['store a.txt'])
})

test('r on a file asks for that file', () => {
  assert.deepStrictEqual(typing('4', 'j', 'r', ENTER, ENTER).lines, ['request atlas.iso'])
})

test('x cancels the transfer under the cursor, elsewhere the running command', () => {
  assert.deepStrictEqual(typing('4', 'j', 'k', 'x').lines, ['transfers cancel 1'])
  assert.deepStrictEqual(
    typing('4', 'x').lines,
    ['transfers cancel 1'],
    'the cursor stands on the first before it moves',
  )
  assert.deepStrictEqual(typing('x').effects, [{ do: 'abort' }])
})

test('d runs the tally at once', () => {
  assert.deepStrictEqual(typing('d').lines, ['tally'])
})

test('q quits, but closes what is open first', () => {
  assert.deepStrictEqual(typing('q').effects, [{ do: 'quit', abrupt: false }])
  const { ui, effects } = typing('?', 'q')
  assert.deepStrictEqual(effects, [])
  assert.strictEqual(ui.overlay, null)
})

test('Ctrl-C leaves politely, and at once while leaving', () => {
  assert.deepStrictEqual(typing(':vote', '\u0003').effects, [{ do: 'quit', abrupt: false }])
  const leaving = { ...initialState([]), leaving: true }
  assert.deepStrictEqual(typingFrom(leaving, '\u0003').effects, [{ do: 'quit', abrupt: true }])
})

test('Tab and 1-4 move the focus, z zooms, Esc comes back', () => {
  assert.strictEqual(typing(TAB).ui.focus, 'chain')
  assert.strictEqual(typing({ tab: true, shift: true }).ui.focus, 'files')
  assert.strictEqual(typing('3').ui.focus, 'ring')
  assert.strictEqual(typing('z').ui.zoom, true)
  assert.strictEqual(typing('z', ESC).ui.zoom, false)
})

test('the cursor moves within the list and opens what it stands on', () => {
  assert.deepStrictEqual(typing('j', 'j', 'j', 'j').ui.cursors.peers, { key: 'three', index: 2 })
  assert.deepStrictEqual(typing('G', 'k').ui.cursors.peers, { key: 'two', index: 1 })
  assert.deepStrictEqual(typing({ downArrow: true }, ENTER).ui.overlay, {
    kind: 'detail',
    pane: 'peers',
    key: 'two',
    scroll: 0,
  })
  assert.strictEqual(typing('?', 'j', 'G').ui.overlay?.scroll, 5)
})

test('history walks back and forth and keeps the draft', () => {
  const up = { upArrow: true }
  const down = { downArrow: true }
  assert.strictEqual(textOf(typing(':draft', up).ui.prompt), 'vote ann no')
  assert.strictEqual(textOf(typing(':draft', up, up, up).ui.prompt), 'tally')
  assert.strictEqual(textOf(typing(':draft', up, up, down, down).ui.prompt), 'draft')
  const { ui } = typing(':store x', ENTER, ':', up)
  assert.strictEqual(textOf(ui.prompt), 'store x')
})

test('Tab completes to the shared beginning, then through the candidates', () => {
  assert.strictEqual(textOf(typing(':s', TAB).ui.prompt), 'st')
  assert.strictEqual(textOf(typing(':s', TAB, TAB).ui.prompt), 'store')
  assert.strictEqual(textOf(typing(':s', TAB, TAB, TAB).ui.prompt), 'status')
  assert.strictEqual(textOf(typing(':sta', TAB).ui.prompt), 'status ')
  assert.strictEqual(typing(':s', TAB, 'x').ui.completion, null)
})

test('the prompt edits by words and whole characters', () => {
  const left = { leftArrow: true }
  assert.strictEqual(textOf(typing(':日本', { backspace: true }).ui.prompt), '日')
  assert.strictEqual(textOf(typing(':ab', left, 'X').ui.prompt), 'aXb')
  assert.strictEqual(textOf(typing(':vote ann yes', '\u0017').ui.prompt), 'vote ann ')
  assert.strictEqual(textOf(typing(':vote ann', '\u0015').ui.prompt), '')
  assert.strictEqual(textOf(typing(':ab', '\u0001', { delete: true }).ui.prompt), 'b')
  assert.strictEqual(typing(':', { backspace: true }).ui.mode, 'panes')
  assert.strictEqual(typing(':abc', ESC).ui.mode, 'panes')
})

test('a filter follows what is typed and ends with Esc', () => {
  assert.strictEqual(typing('/', 'wr', ENTER).ui.filters.peers, 'wr')
  assert.strictEqual(typing('/', 'wr', ENTER).ui.mode, 'panes')
  assert.strictEqual(typing('/', 'wr', ESC).ui.filters.peers, '')
  assert.strictEqual(typing('/', 'wr', ENTER, ESC).ui.filters.peers, '')
})

test('a letter without a meaning says where the meanings are', () => {
  assert.match(typing('n').ui.message?.text ?? '', /\? lists the keys/)
})

test('unknown sequences change nothing', () => {
  const start = initialState([])
  for (const key of [{ meta: true }, { ctrl: true }]) assert.deepStrictEqual(typingFrom(start, key).ui, start)
})

test('no sequence of keys breaks the state', () => {
  const anyKey = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom('v', 's', 'r', 'd', 'j', 'G', 'z', '/', ':', '?', '\r', '\t', '1', '4', 'vote a b\r', '\u0017'),
    fc.constantFrom<Partial<InkKey>>(
      ENTER,
      ESC,
      TAB,
      { upArrow: true },
      { leftArrow: true },
      { backspace: true },
      { pageDown: true },
    ),
  )
  fc.assert(
    fc.property(fc.array(anyKey, { maxLength: 60 }), (keys) => {
      const { ui } = typing(...keys)
      assert.strictEqual(ui.mode === 'form', ui.form !== null)
      for (const { index } of Object.values(ui.cursors)) assert(index >= 0)
      if (ui.mode === 'panes') assert.strictEqual(textOf(ui.prompt), '')
    }),
    { numRuns: 500 },
  )
})

test.run()
