/** What flags and the config file become. */
import assert from 'node:assert'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import { parseWords } from '../../src/cli/parse.js'
import { anchorPlanOf, planOf, UsageError } from '../../src/cli/plan.js'
import { readTyped } from '../../src/cli/typed.js'

const test = suite('plan')
const root = mkdtempSync(join(tmpdir(), 'p2p-plan-'))
const before = process.env.P2P_CONFIG_HOME

test.before(() => {
  process.env.P2P_CONFIG_HOME = root
})
test.after(() => {
  if (before === undefined) delete process.env.P2P_CONFIG_HOME
  else process.env.P2P_CONFIG_HOME = before
  rmSync(root, { recursive: true })
})

function flags(...words: readonly string[]) {
  const parsed = parseWords(words, '0')
  assert(parsed.ok, parsed.ok ? '' : parsed.text)
  return parsed.invocation.globals
}
const folderOf = async (...words: readonly string[]) => (await planOf(flags(...words))).folder

test('the folder: the usual one, another one by its whole path, or none', async () => {
  assert.deepStrictEqual(await folderOf(), { path: null, mode: 'both' })
  assert.deepStrictEqual(await folderOf('--folder', 'notes'), { path: resolve('notes'), mode: 'both' })
  assert.deepStrictEqual(await folderOf('--folder-mode', 'read-only'), { path: null, mode: 'read-only' })
  assert.strictEqual(await folderOf('--no-folder'), null)
  await assert.rejects(folderOf('--folder', ''), UsageError)
  await assert.rejects(folderOf('--no-folder', '--folder-mode', 'both'), /leave one of them out/)
})

test('--no-folder wins over a config file that has one, with all that belongs to it', async () => {
  mkdirSync(join(root, 'p2p-tui'))
  writeFileSync(join(root, 'p2p-tui/config.json'), JSON.stringify({ folder: '/srv/all', folderMode: 'receive-only' }))
  assert.deepStrictEqual(await folderOf(), { path: '/srv/all', mode: 'receive-only' })
  assert.strictEqual(await folderOf('--no-folder'), null)
})

test('a dedicated anchor shares no folder: flags that say so are refused, a config file is not', async () => {
  for (const words of [
    ['--folder', 'x'],
    ['--folder-mode', 'both'],
  ])
    await assert.rejects(anchorPlanOf(flags(...words)), /a dedicated anchor shares no folder/)
  assert(!('folder' in (await anchorPlanOf(flags('--no-folder')))))
})

test('in a console the folder is there already', () => {
  const typed = readTyped('folder --folder x')
  assert('message' in typed && /--folder is for a shell/.test(typed.message))
})

test.run()
