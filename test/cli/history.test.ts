import assert from 'node:assert'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import { historyFile } from '../../src/cli/history.js'

const CHILD = new URL('./children/append.js', import.meta.url).pathname
const test = suite('history', { folder: '', path: '' })

test.before.each((context) => {
  context.folder = join(mkdtempSync(join(tmpdir(), 'p2p-history-')), 'config')
  context.path = join(context.folder, 'history')
})

test.after.each(({ folder }) => rmSync(join(folder, '..'), { recursive: true, force: true }))

const kept = (path: string): readonly string[] => readFileSync(path, 'utf8').split('\n').filter(Boolean)

test('a line is there in the next run, for this user alone; tickets never', ({ folder, path }) => {
  const first = historyFile(folder)
  assert.deepStrictEqual([first.lines, first.warning], [[], ''])
  for (const line of ['vote ann yes', 'join p2p1qqqqqqqq', 'note  a\nb']) assert.strictEqual(first.append(line), '')
  assert.deepStrictEqual(historyFile(folder).lines, ['vote ann yes', 'note a b'])
  assert.strictEqual(statSync(path).mode & 0o777, 0o600)
})

test('past a thousand lines the newest 500 stay', ({ folder, path }) => {
  mkdirSync(folder)
  writeFileSync(path, Array.from({ length: 1000 }, (_, line) => `note ${line}\n`).join(''))
  assert.strictEqual(historyFile(folder).append('one more'), '')
  assert.deepStrictEqual([kept(path).length, kept(path)[0], kept(path).at(-1)], [500, 'note 501', 'one more'])
})

test('four consoles at once keep each other’s lines, also while the file is trimmed', async ({ folder, path }) => {
  const names = ['ann', 'bob', 'cid', 'dan']
  const each = 1500
  await Promise.all(
    names.map(
      (name) =>
        new Promise<void>((resolve, reject) => {
          const child = spawn(process.execPath, [CHILD, folder, name, String(each)], { stdio: 'inherit' })
          child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${name} ended with ${code}`))))
        }),
    ),
  )
  const lines = kept(path)
  assert(lines.length >= 500 && lines.length <= 1000, `${lines.length} lines`)
  assert(!existsSync(`${path}.lock`))
  for (const name of names) {
    const mine = lines.filter((line) => line.startsWith(`note ${name} `))
    // only the oldest are gone: what is left has no holes
    const wanted = Array.from({ length: mine.length }, (_, place) => `note ${name} ${each - mine.length + place}`)
    assert.deepStrictEqual(mine, wanted)
  }
})

test('a lock that a dead console left is taken over', ({ folder, path }) => {
  mkdirSync(folder)
  writeFileSync(`${path}.lock`, '')
  utimesSync(`${path}.lock`, new Date(0), new Date(0))
  assert.strictEqual(historyFile(folder).append('tally'), '')
  assert.deepStrictEqual(kept(path), ['tally'])
  assert(!existsSync(`${path}.lock`))
})

test('damage costs the damaged lines and a warning', ({ folder, path }) => {
  mkdirSync(folder)
  writeFileSync(
    path,
    Buffer.concat([Buffer.from('vote a b\n\u0000\u001b[2J\n'), Buffer.from([0xff, 10]), Buffer.from('tally\n')]),
  )
  const { lines, warning } = historyFile(folder)
  assert.deepStrictEqual(lines, ['vote a b', 'tally'])
  assert.match(warning, /damaged: 2 of its lines/)
})

test('a huge file is read from its end only', ({ folder, path }) => {
  mkdirSync(folder)
  writeFileSync(path, `${'x'.repeat(6_000_000)}\n${'y'.repeat(5000)}\ntally\n`)
  assert.deepStrictEqual(historyFile(folder).lines, ['tally'])
})

test('what cannot be read or written is a warning, never a crash', ({ folder, path }) => {
  mkdirSync(path, { recursive: true })
  const history = historyFile(folder)
  assert.match(history.warning, /cannot read the history .*it is a directory/)
  assert.match(history.append('tally'), /cannot keep the history in .*it is a directory/)
})

test.run()
