/** The real Peer behind a firewall: it publishes, others fetch from it, and it fetches. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Done, PeerApi, RequestedView, Result, StoredView } from '../../src/api.js'
import { hasContent } from './files.js'
import type { SimNode } from './node.js'
import { bootPeer } from './peer.js'
import { World } from './world.js'

const SIZE = 3_000_000

function answer<T>(world: World<PeerApi>, what: string, command: (done: Done<T>) => void): Result<T> {
  const answers: Result<T>[] = []
  world.act(() => command((result) => void answers.push(result)))
  world.until(() => answers.length > 0, '60 s', what)
  const [first] = answers
  assert.ok(first)
  return first
}

function has({ files, name }: SimNode<PeerApi>, file: string, seed: number): void {
  const got = files.files.get(`/final/${file}`)
  assert.ok(got !== undefined && hasContent(got, SIZE, seed), `${file} at ${name}`)
}

function value<T>(result: Result<T>): T {
  assert.ok(result.ok, result.ok ? '' : result.message)
  return result.value
}

test('a peer that can only dial out stores, shares and requests like any other', () => {
  const world = new World<PeerApi>({ seed: 1, boot: bootPeer })
  const [ann, ben] = world.addPeers(2)
  const walled = ['walled-0', 'walled-1'].map((host) => {
    world.network.wall(world.network.host(host))
    return world.addPeer({ host })
  })
  const [cid, dot] = walled
  assert.ok(ann && ben && cid && dot)
  const isKnown = ({ id, peer }: SimNode<PeerApi>): boolean =>
    peer.status().role === 'dial-out' &&
    [ann, ben].every((open) => open.peer.peers().some((view) => view.id === id && view.role === 'dial-out'))
  world.until(() => walled.every(isKnown), '60 s', 'all to know who can only dial out')

  const request = (node: SimNode<PeerApi>, name: string): Result<RequestedView> =>
    answer(world, `${name} at ${node.name}`, (done) =>
      node.peer.request(name, { target: `/final/${name}` }, () => {}, done),
    )
  cid.files.put('/home/shared', SIZE, 7)
  value(
    answer<StoredView>(world, 'the share', (done) => cid.peer.share('/home/shared', { as: 'shared' }, () => {}, done)),
  )
  const got = value(request(ann, 'shared'))
  assert.deepEqual(
    got.sources.map(({ id }) => id),
    [cid.id],
  )
  has(ann, 'shared', 7)

  cid.files.put('/home/stored', SIZE, 8)
  const stored = value(
    answer<StoredView>(world, 'the store', (done) => cid.peer.store('/home/stored', { as: 'stored' }, () => {}, done)),
  )
  assert.ok(stored.holders >= 2, `${stored.holders} holders`)
  value(request(dot, 'stored'))
  has(dot, 'stored', 8) // from a third peer, as the two cannot link
  value(request(dot, 'shared'))
  has(dot, 'shared', 7)
  assert.deepEqual(world.network.violations, [])
})

test.run()
