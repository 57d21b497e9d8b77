import assert from 'node:assert'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import type { TallyView } from '../../src/api.js'
import { completions, type Known, knownFrom } from '../../src/cli/completion.js'
import { COMMANDS } from '../../src/cli/spec.js'
import { halfLine, splitLine } from '../../src/cli/words.js'
import { conflictOf, fileView, network, peerView, transferView } from '../ui/network.js'

const test = suite('completion')
const folder = mkdtempSync(join(tmpdir(), 'p2p-paths-'))

test.before(() => {
  for (const name of ['notes', 'my pictures', '.hidden', 'sealed']) mkdirSync(join(folder, name))
  for (const name of ['Music.txt', 'music two.txt', '-dash', '.secret', 'notes/deep.txt', 'bad\nname'])
    writeFileSync(join(folder, name), '')
  symlinkSync(join(folder, 'notes'), join(folder, 'link'))
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
})

test.after(() => {
  chmodSync(join(folder, 'sealed'), 0o700)
  rmSync(folder, { recursive: true, force: true })
})

const base = network(1_700_000_000)

function tally(poll: string, choices: Record<string, number>): TallyView {
  const [some] = base.tallies
  assert(some !== undefined)
  return { ...some, poll, choices }
}

const snapshot = network(1_700_000_000, {
  peers: [peerView('wren-amber', { state: 'down' }), peerView('finch-teal')],
  files: ['music.txt', 'Mustard.txt', 'two words.txt', 'evil\u001b[2J.txt'].map((name) => fileView(name)),
  tallies: [tally('main', { no: 2, yes: 6 }), tally('drinks', { tea: 1, Coffee: 3 })],
  transfers: [transferView(3, 'music.txt'), transferView(4, 'old.txt', { state: 'done' })],
})
const known: Known = knownFrom(snapshot, folder)

const values = (line: string, of: Known = known): readonly string[] =>
  completions(line, of).candidates.map(({ value }) => value)

test('commands, those with a key first, in any case, behind a colon too', () => {
  assert.deepStrictEqual(values('s'), ['store', 'status', 'share'])
  assert.deepStrictEqual(values('  :VO'), ['vote'])
  assert.deepStrictEqual(values('atta'), [])
  assert.deepStrictEqual(values('help tal'), ['tally'])
  const all = COMMANDS.filter((spec) => spec.shellOnly !== true).map(({ name }) => name)
  assert.deepStrictEqual([...values('')].sort(), [...all, 'help'].sort())
})

test('actions and modes come from the table', () => {
  for (const spec of COMMANDS.filter(({ shellOnly, args }) => shellOnly !== true && args[0]?.choices !== undefined))
    assert.deepStrictEqual(values(`${spec.name} `), spec.args[0]?.choices)
  assert.deepStrictEqual(values('mine N'), ['never'])
})

test('options come from the table, each once, and after the words that must be there', () => {
  for (const spec of COMMANDS.filter(({ shellOnly, options }) => shellOnly !== true && options.length > 0)) {
    const found = values(`${spec.name} --`)
    for (const { flags } of spec.options) {
      const flag = flags.match(/--[\w-]+/)?.[0] ?? ''
      assert(found.includes(flag), `${spec.name} ${flag}`)
    }
    assert(found.includes('--json') && found.includes('--help'))
  }
  assert.deepStrictEqual(values('vote ann yes '), ['--poll'])
  assert.deepStrictEqual(values('vote ann yes --poll drinks '), [])
  assert.deepStrictEqual(values('store notes/deep.txt --force '), ['--as', '--spread'])
  assert(values('request music.txt -').includes('-o'))
  assert.deepStrictEqual(values('note -- --'), [])
})

test('peers, those that are up first', () => {
  assert.deepStrictEqual(values('leave '), ['finch-teal', 'wren-amber'])
  assert.deepStrictEqual(completions('leave wr', known).candidates, [{ value: 'wren-amber', note: 'down' }])
})

test('file names of the network, never one that nobody can type', () => {
  for (const command of ['request', 'remove', 'manifest', 'lookup']) {
    assert.deepStrictEqual(values(`${command} mu`), ['music.txt', 'Mustard.txt'])
    assert.deepStrictEqual(values(`${command} `), ['Mustard.txt', 'music.txt', 'two words.txt'])
  }
  assert.deepStrictEqual(values('request "two w'), ['two words.txt'])
  assert.strictEqual(completions('request "two w', known).from, 'request '.length)
  assert.deepStrictEqual(values("request 'TWO WORDS"), ['two words.txt'])
  assert.deepStrictEqual(values('request two\\ w'), ['two words.txt'])
})

test('polls where a poll is asked for, but none for one that is about to be made', () => {
  assert.deepStrictEqual(values('tally '), ['main', 'drinks'])
  assert.deepStrictEqual(values('poll show d'), ['drinks'])
  assert.deepStrictEqual(values('vote ann yes --poll '), ['main', 'drinks'])
  assert.deepStrictEqual(values('vote --poll=dr'), ['drinks'])
  assert.strictEqual(completions('vote --poll=dr', known).from, 'vote --poll='.length)
  assert.deepStrictEqual(values('poll create '), [])
})

test('choices of the poll, strongest first, and never who voted', () => {
  assert.deepStrictEqual(values('vote alice '), ['yes', 'no'])
  assert.deepStrictEqual(values('vote --poll drinks alice '), ['Coffee', 'tea'])
  assert.deepStrictEqual(values('vote --poll=drinks alice c'), ['Coffee'])
  assert.deepStrictEqual(values('vote '), [])
  assert.deepStrictEqual(values('vote v'), [])
})

test('transfers that still go, with what they are of', () => {
  assert.deepStrictEqual(completions('transfers cancel ', known).candidates, [{ value: '3', note: 'music.txt' }])
  assert.deepStrictEqual(values('transfers '), ['pause', 'resume', 'cancel'])
})

test('local paths: directories end in a slash, hidden ones only when asked for', () => {
  const shown = ['./-dash', 'Music.txt', 'dangling', 'link/', 'music two.txt', 'my pictures/', 'notes/', 'sealed/']
  assert.deepStrictEqual([...values('store ')].sort(), shown.sort())
  assert.deepStrictEqual(values('store .'), ['.hidden/', '.secret'])
  assert.deepStrictEqual(values('share notes/'), ['notes/deep.txt'])
  assert.deepStrictEqual(values('store MU'), ['Music.txt', 'music two.txt'])
  assert.deepStrictEqual(values('request music.txt -o no'), ['notes/'])
  assert.deepStrictEqual(values('request music.txt --output=no'), ['notes/'])
  assert.deepStrictEqual(values('store "my p'), ['my pictures/'])
  assert.deepStrictEqual(values('store ..'), ['../'])
  assert.deepStrictEqual(values(`store ${folder}/li`), [`${folder}/link/`])
})

test('~ is the home directory', () => {
  const { HOME } = process.env
  process.env.HOME = folder
  try {
    assert.deepStrictEqual(values('store ~'), ['~/'])
    assert.deepStrictEqual(values('store ~/no'), ['~/notes/'])
  } finally {
    process.env.HOME = HOME
  }
})

test('what cannot be read has no candidates', () => {
  assert.deepStrictEqual(values('store nowhere/x'), [])
  assert.deepStrictEqual(values('store Music.txt/'), [])
  chmodSync(join(folder, 'sealed'), 0)
  assert.deepStrictEqual(values('store sealed/'), [])
})

test('a huge directory costs a bounded look', () => {
  const huge = mkdtempSync(join(tmpdir(), 'p2p-huge-'))
  try {
    for (let file = 0; file < 5000; file++) writeFileSync(join(huge, `f${file}`), '')
    assert.strictEqual(values('store f', { ...known, cwd: huge }).length, 64)
  } finally {
    rmSync(huge, { recursive: true, force: true })
  }
})

test('before there is a picture, commands and paths are known all the same', () => {
  const nothing = knownFrom(null, folder)
  assert.deepStrictEqual(values('vo', nothing), ['vote'])
  assert.deepStrictEqual(values('vote ann ', nothing), [])
  assert.deepStrictEqual(values('store no', nothing), ['notes/'])
})

test('tells which argument is being typed', () => {
  const argument = (line: string) => completions(line, known).argument
  assert.deepStrictEqual(['vo', 'vote ', 'vote ann y', 'vote ann yes --p', 'note a b'].map(argument), [-1, 0, 1, -1, 0])
})

test('a half line has the words of the whole one, whatever the quotes', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ' ', '"', "'", '\\', 'é', '日'), maxLength: 20 })
  fc.assert(
    fc.property(text, (line) => {
      const { words, partial, from } = halfLine(line)
      const whole = splitLine(line)
      if (whole !== null)
        assert.deepStrictEqual(partial === '' && from === line.length ? words : [...words, partial], whole)
      assert.deepStrictEqual(splitLine(line.slice(0, from)), words)
    }),
    { numRuns: 2000 },
  )
})

test('no line and no name breaks it', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), (line) => {
      const { from, candidates } = completions(line, known)
      assert(from >= 0 && from <= line.length)
      for (const { value } of candidates) assert.doesNotMatch(value, /\p{Cc}/u)
    }),
  )
})

test('folder: its actions, its conflicts by number, what can be brought back', () => {
  const [view] = [base.folder]
  const conflicts = [conflictOf('z.txt', 1_700_000_000), conflictOf('a.txt', 1_700_000_000)]
  const changes = [...view.changes, { path: 'new.txt', what: 'added' as const, by: 'ada', time: 0 }]
  const of = knownFrom(network(1_700_000_000, { folder: { ...view, conflicts, changes } }), folder)
  assert.deepStrictEqual(values('folder ', of), ['pause', 'resume', 'conflicts', 'restore', 'problems'])
  assert.deepStrictEqual(values('folder pause ', of), [])
  assert.deepStrictEqual(values('folder resume ', of), ['--delete', '--restore'])
  assert.deepStrictEqual(values('folder conflicts ', of), ['show', 'keep'])
  assert.deepStrictEqual(completions('folder CONFLICTS keep ', of).candidates, [
    { value: '1', note: 'a.txt' },
    { value: '2', note: 'z.txt' },
  ])
  assert.deepStrictEqual(values('folder conflicts keep 1 ', of), ['this', 'that', 'both'])
  assert.deepStrictEqual(values('folder conflicts show 1 ', of), [])
  assert.deepStrictEqual(values('folder restore ', of), ['notes/blockchain.txt', 'old.txt'])
})

test.run()
