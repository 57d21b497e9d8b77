/** Found by seeds: two halves of a network that mined one block each stayed apart until somebody happened to vote again. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { PeerApi, VoteView } from '../../src/api.js'
import { bootPeer } from './peer.js'
import { World } from './world.js'

const MINED_BY_OTHERS = '120 s' // after two block times and a rank

test('after a partition in which both sides mined, every vote comes into every chain by itself', () => {
  for (const seed of [1, 2, 3]) {
    const world = new World<PeerApi>({ seed, boot: bootPeer, hashRate: 50 })
    const [ann, bob, cid] = [world.addPeer(), world.addPeer(), world.addPeer()]
    world.until(() => world.nodes.every(({ peer }) => peer.status().peers === 2), '20 s', 'the mesh')
    world.partition([ann, bob], [cid])
    const ballots: string[] = []
    const cast = (node: typeof ann, voter: string): void => {
      const done = (result: { readonly ok: boolean; readonly value?: VoteView }): void => {
        if (result.value?.status === 'added') ballots.push(result.value.ballot)
      }
      node.peer.vote(voter, 'yes', { poll: 'default', timeoutMs: null }, () => {}, done)
    }
    world.act(() => cast(ann, 'ann'))
    world.act(() => cast(cid, 'cid'))
    world.until(() => ballots.length === 2, '20 s', 'a block on each side')
    world.run('2 s')
    assert.equal(new Set(world.nodes.map(({ peer }) => peer.status().tip)).size, 2)
    world.heal()
    const everywhere = (): boolean =>
      world.nodes.every(({ peer }) =>
        ballots.every((ballot) => peer.receipt(ballot).ok && peer.tally('default').total === 2),
      )
    world.until(everywhere, MINED_BY_OTHERS, 'both votes in every chain')
  }
})

test.run()
