/** One shared file: the version that loses a conflict is kept beside it, wherever it was. */
import assert from 'node:assert'
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import type { Peer } from '../../src/index.js'
import { linked, TestNetwork, until } from './network.js'

const test = suite('a single shared file', { network: new TestNetwork() })

test.after(({ network }) => network.close())

/** Texts of all that is shared, by whoever shares a folder or a file. */
function textsOf(peer: Peer, isFile: boolean): string {
  const at = isFile ? dirname(peer.folder().path) : peer.folder().path
  const names = readdirSync(at).filter((name) => name.startsWith('chain'))
  return names
    .map((name) => readFileSync(join(at, name), 'utf8'))
    .sort()
    .join()
}

test('the loser of a conflict is a copy beside the file, shared like the file itself', async ({ network }) => {
  const path = join(network.root, 'single', 'chain.txt')
  mkdirSync(dirname(path))
  writeFileSync(path, 'one')
  writeFileSync(join(dirname(path), 'other.txt'), 'not shared')
  const ann = await network.open('ann', { folder: path })
  const bob = await network.open('bob')
  const cid = await network.open('cid')
  const others = [bob, cid]
  await linked(ann, bob, cid)
  await until('all to have the file', () =>
    others.every((peer) => peer.folder().inSync && textsOf(peer, false) === 'one'),
  )
  ann.folderPause()
  writeFileSync(path, 'by ann, first')
  const later = Date.now() / 1000 + 1
  writeFileSync(join(bob.folder().path, 'chain.txt'), 'by bob, later')
  utimesSync(join(bob.folder().path, 'chain.txt'), later, later)
  await until('the later version', () => textsOf(cid, false) === 'by bob, later')
  await ann.folderResume()
  await until('all to have both versions', () => {
    const texts = [textsOf(ann, true), ...others.map((peer) => textsOf(peer, false))]
    return texts.every((text) => text === 'by ann, first,by bob, later')
  })
  const conflict = await until('the conflict', () => ann.folder().conflicts[0] ?? false)
  await until('all in sync', () => [ann, bob, cid].every((peer) => peer.folder().inSync))
  assert.deepEqual(readdirSync(bob.folder().path).includes('other.txt'), false)
  await ann.folderKeep(conflict.path, 'that')
  await until('the loser in place, for all', () => {
    return [textsOf(ann, true), ...others.map((peer) => textsOf(peer, false))].every((text) => text === 'by ann, first')
  })
})

test.run()
