import assert from 'node:assert'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import { rememberShared, sharedFolder, sharedLast } from '../../src/host/shared-folder.js'

const test = suite('shared folder')
const root = mkdtempSync(join(tmpdir(), 'p2p-place-'))
const homes = { config: join(root, 'config/app'), data: join(root, 'data/app'), runtime: join(root, 'run/app') }
const state = join(homes.data, 'home/host/1')
const usual = join(state, 'folder')

test.before(() => {
  for (const path of [homes.config, homes.runtime, state, join(root, 'notes')]) mkdirSync(path, { recursive: true })
  symlinkSync(homes.config, join(root, 'link'))
  symlinkSync(join(root, 'link'), join(root, 'notes-link'))
})
test.after(() => rmSync(root, { recursive: true }))

const place = (wanted: string | null, own = state): string => sharedFolder(wanted, own, homes)

test('the usual place, and any other that has nothing to do with what is secret, there or not', () => {
  assert.strictEqual(place(null), usual)
  for (const path of [
    usual,
    join(usual, 'deeper'),
    join(root, 'notes'),
    join(root, 'not/yet/there'),
    join(root, 'data/apple'),
  ])
    assert.strictEqual(place(path), path)
  assert.strictEqual(place(join(root, 'own/folder'), join(root, 'own')), join(root, 'own/folder'))
})

test('a state directory knows which folder was shared with it last', () => {
  const notes = join(root, 'notes')
  assert.ok(sharedLast(state, null) && sharedLast(state, notes), 'none yet: any will do')
  rememberShared(state, notes)
  assert.deepStrictEqual(
    [sharedLast(state, notes), sharedLast(state, usual), sharedLast(state, null)],
    [true, false, false],
  )
  rememberShared(state, usual)
  assert.deepStrictEqual(
    [sharedLast(state, notes), sharedLast(state, usual), sharedLast(state, null)],
    [false, true, true],
  )
})

test('what holds keys or secrets, or lies among them, is refused with what it is', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [root, /holds the state of this peer .*: pick another directory/],
    ['/', /holds/],
    [state, /holds the state of this peer/],
    [join(state, 'db'), /lies in the state of this peer/],
    [join(homes.data, 'home/host/2'), /lies in the state of your peers/],
    [homes.config, /holds the secrets/],
    [join(homes.config, 'new'), /lies in the secrets/],
    [join(root, 'config'), /holds the secrets/],
    [homes.runtime, /holds the sockets/],
    [join(root, 'notes-link'), /holds the secrets/],
    [join(root, 'link/new/deep'), /lies in the secrets/],
  ]
  for (const [path, expected] of cases) assert.throws(() => place(path), expected, path)
  assert.throws(() => place(join(root, 'own'), join(root, 'own')), /holds the state of this peer/)
})

test.run()
