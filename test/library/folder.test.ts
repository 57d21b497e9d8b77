/** The shared folder of library peers, on real disks and links, and its command over the control socket. */
import assert from 'node:assert'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { RemoteSource } from '../../src/cli/remote-source.js'
import { runningPeers } from '../../src/host/runtime.js'
import type { FolderView, Peer } from '../../src/index.js'
import { OperationalError } from '../../src/index.js'
import { linked, TestNetwork, until } from './network.js'

const test = suite('shared folder', { network: new TestNetwork() })
let ann: Peer
let bob: Peer
let none: Peer

const read = (peer: Peer, path: string): string => {
  const at = join(peer.folder().path, path)
  return existsSync(at) ? readFileSync(at, 'utf8') : ''
}
const holds = (path: string, text: string, ...peers: readonly Peer[]): Promise<true> =>
  until(`${path} to be ${JSON.stringify(text)}`, () => peers.every((peer) => read(peer, path) === text))

test.before(async ({ network }) => {
  ann = await network.open('ann', { control: true })
  bob = await network.open('bob', { folder: join(network.root, 'shared by bob') })
  none = await network.open('none', { folder: false })
  await linked(ann, bob, none)
  await until('both folders to be there', () => ann.folder().inSync && bob.folder().inSync)
})

test.after(({ network }) => network.close())

test('where it lies: in the state directory, or where its user says', ({ network }) => {
  assert.strictEqual(ann.folder().path, join(ann.directory, 'folder'))
  assert.strictEqual(bob.folder().path, join(network.root, 'shared by bob'))
  assert.strictEqual(none.folder().state, 'off')
})

test('what is put into one is in the other, and either says who did it', async () => {
  mkdirSync(join(ann.folder().path, 'notes'))
  writeFileSync(join(ann.folder().path, 'notes/plan.txt'), 'one')
  await holds('notes/plan.txt', 'one', bob)
  writeFileSync(join(bob.folder().path, 'notes/plan.txt'), 'two')
  await holds('notes/plan.txt', 'two', ann)
  await until('the change in the view', () =>
    ann.folder().changes.some(({ what, by }) => what === 'changed' && by === 'bob'),
  )
  await until('the line in the log', () =>
    ann.log().some(({ text }) => text === 'Shared folder: bob changed notes/plan.txt'),
  )
})

test('what was replaced is in the trash, and comes back for all', async () => {
  const [item] = await ann.folderTrash()
  assert.strictEqual(item?.path, 'notes/plan.txt')
  assert.strictEqual((await ann.folderRestore('notes/plan.txt')).id, item.id)
  await holds('notes/plan.txt', 'one', ann, bob)
  await until('both to be in sync', () => ann.folder().inSync && bob.folder().inSync)
  await assert.rejects(ann.folderRestore('nothing'), OperationalError)
})

test('a paused folder stands still until it is resumed; a conflict is settled by its file', async () => {
  assert.strictEqual(bob.folderPause().state, 'paused')
  writeFileSync(join(ann.folder().path, 'notes/plan.txt'), 'by ann')
  writeFileSync(join(bob.folder().path, 'notes/plan.txt'), 'by bob, later')
  await bob.folderResume()
  const conflict = await until('the conflict', () => ann.folder().conflicts[0] ?? false)
  await until('both versions', () => {
    return [ann, bob].every((peer) => {
      const versions = [read(peer, conflict.path), read(peer, conflict.copy)]
      return versions.sort().join() === 'by ann,by bob, later'
    })
  })
  await ann.folderKeep(conflict.path, 'this')
  await until('the end of the conflict', () => bob.folder().conflicts.length === 0 && read(bob, conflict.copy) === '')
})

test('the command over the control socket: the same view, paths as they are', async ({ network }) => {
  const entry = runningPeers(network.homes.runtime).find(({ name }) => name === 'ann')
  assert(entry !== undefined)
  const source = new RemoteSource(entry, { everyMs: () => 20, ended: () => {} })
  source.subscribe(() => {})
  try {
    const snapshot = await until('a picture', () => source.snapshot() ?? false)
    assert.strictEqual(snapshot.folder.path, ann.folder().path)
    const events = { progress: () => {}, message: () => {} }
    const { long } = await source.run('folder --json', events, new AbortController().signal)
    const view: FolderView = JSON.parse(long?.lines.join('\n') ?? '')
    assert.deepStrictEqual([view.path, view.files], [ann.folder().path, 1])
  } finally {
    await source.quit(false)
  }
})

test('a peer without a folder refuses, and one that would share secrets does not start', async ({ network }) => {
  assert.throws(() => none.folderPause(), /shares no folder: start it without --no-folder/)
  await assert.rejects(network.open('spy', { folder: network.root }), /holds the state of this peer/)
  await assert.rejects(network.open('odd', { folder: '' }), /folder: a path, or false/)
})

test.run()
