import assert from 'node:assert'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import { withConfig } from '../../src/cli/config.js'
import { type Globals, parseWords } from '../../src/cli/parse.js'

const test = suite<{ folder: string }>('config')

test.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'p2p-config-'))
})
test.after.each((context) => rmSync(context.folder, { recursive: true, force: true }))

function globals(...words: string[]): Globals {
  const parsed = parseWords(words, '0')
  assert.ok(parsed.ok)
  return parsed.invocation.globals
}

test('without a file nothing changes', ({ folder }) => {
  assert.deepStrictEqual(withConfig(globals('-n', 'ada'), folder), globals('-n', 'ada'))
})

test('settings fill what no flag gave, and lists add up', ({ folder }) => {
  writeFileSync(
    join(folder, 'config.json'),
    JSON.stringify({ name: 'bob', join: ['a:1'], replicas: 3, quota: '2G', lan: true }),
  )
  const merged = withConfig(globals('-n', 'ada', '-j', 'b:2'), folder)
  assert.strictEqual(merged.name, 'ada')
  assert.deepStrictEqual(merged.join, ['b:2', 'a:1'])
  assert.strictEqual(merged.replicas, 3)
  assert.strictEqual(merged.quota, '2G')
  assert.strictEqual(merged.lan, true)
})

test('UDP is used unless the file or a flag forbids it', ({ folder }) => {
  assert.strictEqual(withConfig(globals(), folder).udp, true)
  assert.strictEqual(withConfig(globals('--no-udp'), folder).udp, false)
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ udp: false }))
  assert.strictEqual(withConfig(globals(), folder).udp, false)
})

test('the folder: a whole path or none; a flag wins', ({ folder }) => {
  const of = (settings: object, ...words: string[]) => {
    writeFileSync(join(folder, 'config.json'), JSON.stringify(settings))
    const { folder: path, folderMode } = withConfig(globals(...words), folder)
    return [path, folderMode]
  }
  assert.deepStrictEqual(of({}), [undefined, undefined])
  assert.deepStrictEqual(of({ folder: '~/shared', folderMode: 'read-only' }), [join(homedir(), 'shared'), 'read-only'])
  assert.deepStrictEqual(of({ folder: '/srv/all' }, '--no-folder'), [false, undefined])
  assert.deepStrictEqual(of({ folder: false }, '--folder', 'x', '--folder-mode', 'receive-only'), ['x', 'receive-only'])
  assert.deepStrictEqual(of({ folder: false }), [false, undefined])
})

test('a bad file is named with what is wrong in it', ({ folder }) => {
  const cases: readonly [string, RegExp][] = [
    ['{', /config\.json is not JSON/],
    ['[]', /one JSON object/],
    ['{"nmae": "x"}', /unknown setting "nmae" \(known: name/],
    ['{"join": "a:1"}', /"join" must be a list/],
    ['{"replicas": -1}', /"replicas" must be a whole number/],
    ['{"mine": "often"}', /own, always or never/],
    ['{"folder": "here"}', /"folder" must be an absolute path/],
    ['{"folder": true}', /"folder" must be an absolute path/],
    ['{"folderMode": "some"}', /"folderMode" must be both, read-only, receive-only/],
  ]
  for (const [content, expected] of cases) {
    writeFileSync(join(folder, 'config.json'), content)
    assert.throws(() => withConfig(globals(), folder), expected)
  }
})

test.run()
