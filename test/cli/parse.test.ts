import assert from 'node:assert'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { suite } from 'uvu'
import { type Invocation, parseWords, splitLine } from '../../src/cli/parse.js'
import { RUNNABLE } from '../../src/cli/run.js'
import { COMMANDS, FOLDER_ACTIONS, KEEP_CHOICES } from '../../src/cli/spec.js'
import { VERSION } from '../../src/cli/version.js'

const test = suite('parse')

function parsed(...words: string[]): Invocation {
  const result = parseWords(words, VERSION)
  assert.ok(result.ok, result.ok ? '' : result.text)
  return result.invocation
}

test("every command of the table but the shell's own can be run, and every runnable command is in the table", () => {
  assert.deepStrictEqual(
    [...RUNNABLE].sort(),
    COMMANDS.filter((spec) => spec.shellOnly !== true)
      .map((spec) => spec.name)
      .sort(),
  )
})

test('the example of every command parses as that command', () => {
  for (const spec of COMMANDS) {
    const words = splitLine(spec.example)
    assert.ok(words)
    assert.strictEqual(parsed(...words).command, spec.name)
  }
})

test('global options stand before or after the command', () => {
  const before = parsed('--json', '-n', 'ada', 'vote', 'ann', 'yes')
  const after = parsed('vote', 'ann', 'yes', '-n', 'ada', '--json')
  assert.deepStrictEqual(before, after)
  assert.deepStrictEqual(after.args, { voter: 'ann', choice: 'yes' })
  assert.strictEqual(after.globals.name, 'ada')
  assert.strictEqual(after.globals.json, true)
})

test('without a command it starts a peer, with repeated joins and listens in order', () => {
  const invocation = parsed('-j', 'a:1', '--join', 'b:2', '-l', '[::1]:3', '--headless', '--mine', 'never')
  assert.strictEqual(invocation.command, null)
  assert.deepStrictEqual(invocation.globals.join, ['a:1', 'b:2'])
  assert.deepStrictEqual(invocation.globals.listen, ['[::1]:3'])
  assert.strictEqual(invocation.globals.mine, 'never')
})

test('a note takes all its words', () => {
  assert.strictEqual(parsed('note', 'lab', '3', 'starts').args.text, 'lab 3 starts')
})

test('output option and poll option reach their command', () => {
  assert.strictEqual(parsed('request', 'a.txt', '-o', '-').options.output, '-')
  assert.strictEqual(parsed('vote', 'a', 'b', '--poll', 'drinks').options.poll, 'drinks')
})

test('mistakes exit with 2 and say what is wrong', () => {
  const cases: readonly [string[], RegExp][] = [
    [['vote', 'ann'], /missing required argument 'choice'/],
    [['vote', 'a', 'b', 'c'], /too many arguments/],
    [['vot'], /unknown command 'vot'; did you mean vote/],
    [['--nope'], /unknown option '--nope'/],
    [['mine', 'sometimes'], /one of own, always, never/],
    [['--mine', 'sometimes'], /Allowed choices are own, always, never/],
    [['chain', '--last', 'x'], /whole number/],
    [['poll', 'make'], /one of create, list, show/],
  ]
  for (const [words, expected] of cases) {
    const result = parseWords(words, VERSION)
    assert.ok(!result.ok, words.join(' '))
    assert.strictEqual(result.exit, 2)
    assert.match(result.text, expected)
  }
})

test('the help of folder shows all that may be said with it, and a mistake points there', () => {
  const help = parseWords(['folder', '--help'], VERSION)
  assert.ok(!help.ok && help.exit === 0)
  for (const action of FOLDER_ACTIONS) assert.match(help.text, new RegExp(`\\n {2}folder ${action}\\b.* {2}\\w`))
  for (const choice of KEEP_CHOICES) assert.match(help.text, new RegExp(`keep <n> .*\\b${choice}\\b`))
  for (const line of help.text.split('\n')) assert.ok(line.length <= 80, line)
  const wrong = parseWords(['folder', 'stop'], VERSION)
  assert.ok(!wrong.ok && wrong.exit === 2)
  assert.match(wrong.text, /one of pause, .*\n\(p2p-tui folder --help says how\)/)
})

test('help and version exit with 0', () => {
  const help = parseWords(['--help'], VERSION)
  assert.ok(!help.ok && help.exit === 0)
  for (const spec of COMMANDS) assert.ok(help.text.includes(spec.name), spec.name)
  const version = parseWords(['--version'], VERSION)
  assert.ok(!version.ok && version.exit === 0 && version.text === VERSION)
})

test('the version is the one of package.json', () => {
  const path = new URL('../../../../package.json', import.meta.url)
  assert.strictEqual(JSON.parse(readFileSync(path, 'utf8')).version, VERSION)
})

test('lines are split as a shell would', () => {
  assert.deepStrictEqual(splitLine(`store "my file.txt" --as 'a b'  c\\ d ""`), [
    'store',
    'my file.txt',
    '--as',
    'a b',
    'c d',
    '',
  ])
  assert.deepStrictEqual(splitLine('"a \\"b\\" \\\\"'), ['a "b" \\'])
  assert.deepStrictEqual(splitLine('   '), [])
  assert.strictEqual(splitLine('say "open'), null)
})

test('any words come back from a quoted line', () => {
  const quoted = (word: string): string => `"${word.replace(/["\\]/g, '\\$&')}"`
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 8 }), (words) => {
      assert.deepStrictEqual(splitLine(words.map(quoted).join(' ')), words)
    }),
  )
})

test('the folder: a path, none, and which way changes go', () => {
  const { folder, folderMode } = parsed('--folder', 'notes', '--folder-mode', 'receive-only').globals
  assert.deepStrictEqual([folder, folderMode], ['notes', 'receive-only'])
  assert.strictEqual(parsed('--no-folder').globals.folder, false)
  assert.strictEqual(parsed('--headless').globals.folder, undefined)
  const wrong = parseWords(['--folder-mode', 'none'], VERSION)
  assert(!wrong.ok && wrong.exit === 2 && /both, read-only, receive-only/.test(wrong.text))
  const { args, options } = parsed('folder', 'conflicts', 'keep', '2', 'that')
  assert.deepStrictEqual(args, { action: 'conflicts', what: 'keep', which: '2', choice: 'that' })
  assert.deepStrictEqual(parsed('folder', 'resume', '--restore').options, { ...options, restore: true })
})

test.run()
