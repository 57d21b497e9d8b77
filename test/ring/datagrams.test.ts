/** Whole rings whose neighbours watch each other by datagrams, on networks that are sound, lossy, one-way or without UDP. */
import assert from 'node:assert'
import { test } from 'uvu'
import { encodeMessage } from '../../wire/codec.js'
import type { PeerId } from '../../wire/types.js'
import type { Node } from './node.js'
import { settled, World } from './world.js'

/** The promise: noticed and bypassed in 1.5 s. */
const BYPASS_MS = 1_500

const deaths = (nodes: readonly Node[]) =>
  nodes.flatMap((node) => node.log).filter((line) => line.endsWith('is no longer alive')).length

/** Everybody forgets what was logged so far. */
function quiet(world: World): void {
  for (const node of world.nodes) node.log.length = 0
}

/** Where a list still has this peer. */
function listing(world: World, gone: PeerId): Node[] {
  return world.alive().filter(({ id, ring }) => {
    const { successors, predecessors } = ring.view()
    return id !== gone && [...successors, ...predecessors].some((peer) => peer.id === gone)
  })
}

for (const seed of [41, 42, 43, 44])
  test(`a frozen peer whose links stand is bypassed within 1.5 s (seed ${seed})`, () => {
    const world = new World({ seed, latencyMs: [0.2, 2] })
    settled(world, 12)
    world.run(world.random() * 500)
    const [before, frozen, after] = world.sorted()
    world.freeze(frozen!)
    world.until('bypass', BYPASS_MS, () => before!.ring.view().successors[0]?.id === after!.id)
    assert(before!.log.includes(`Peer ${frozen!.info.name} is no longer alive`))
    world.until('everybody to drop it', 5_000, () => listing(world, frozen!.id).length === 0)
    world.thaw(frozen!)
    world.until('its return', 5_000, world.ideal)
  })

test('half the peers frozen at once are all bypassed', () => {
  const world = new World({ seed: 45, latencyMs: [0.2, 2] })
  settled(world, 16)
  const ring = world.sorted()
  const frozen = new Set(ring.filter((_, place) => place % 2 === 0))
  for (const node of frozen) world.freeze(node)
  const right = (node: Node, place: number): boolean =>
    frozen.has(node) || node.ring.view().successors[0]?.id === ring[(place + 2) % ring.length]!.id
  world.until('bypass', 2 * BYPASS_MS, () => ring.every(right))
  for (const node of frozen) world.thaw(node)
  world.until('their return', 10_000, world.ideal)
})

test('at 5 % loss nobody is taken for dead in tens of thousands of cycles', () => {
  const world = new World({ seed: 46, latencyMs: [0.2, 5] })
  const nodes = settled(world, 16)
  world.loss = 0.05
  quiet(world)
  let pings = 0
  world.flings.onFling = (_from, _to, { type }) => {
    if (type === 'ping') pings++
  }
  world.run(900_000)
  assert(pings > 50_000, `${pings} pings`)
  assert.equal(deaths(nodes), 0)
  assert(world.ideal())
})

test('without UDP the links do it all, and a frozen peer is bypassed all the same', () => {
  const world = new World({ seed: 47, udp: false })
  const nodes = settled(world, 10)
  quiet(world)
  world.run(20_000)
  assert.equal(deaths(nodes), 0)
  const [before, frozen, after] = world.sorted()
  world.freeze(frozen!)
  world.until('bypass', 8_000, () => before!.ring.view().successors[0]?.id === after!.id)
})

test('datagrams that get through one way only kill nobody, on either side', () => {
  const world = new World({ seed: 48 })
  const nodes = settled(world, 8)
  const [one, other] = world.sorted()
  quiet(world)
  world.flings.deaf.add(`${one!.id} ${other!.id}`)
  world.run(60_000)
  assert.equal(deaths(nodes), 0)
  assert(world.ideal())
  for (const node of [one!, other!])
    for (const peer of node.ring.view().successors) assert.equal(peer.state, 'alive', peer.name)
  world.flings.deaf.clear()
  world.run(10_000)
  const rtt = other!.ring.view().predecessors[0]?.rttMs
  assert(typeof rtt === 'number' && rtt < 60, `measured again: ${rtt}`)
})

test('two neighbours that do not reach each other at all live on by the word of others', () => {
  const world = new World({ seed: 55 })
  const nodes = settled(world, 8)
  const [one, other] = world.sorted()
  world.run(3_000)
  quiet(world)
  const pair = new Set<PeerId>([one!.id, other!.id])
  const transmit = world.transmit.bind(world)
  world.transmit = (from, to, message) => {
    if (!pair.has(from.id) || !pair.has(to)) transmit(from, to, message)
  }
  for (const id of pair) for (const to of pair) world.flings.deaf.add(`${id} ${to}`)
  let vouches = 0
  world.flings.onFling = (_from, _to, { type }) => {
    if (type === 'vouch') vouches++
  }
  world.run(30_000)
  assert(vouches > 50, `${vouches} vouches`)
  assert.equal(deaths(nodes), 0)
  assert(world.ideal())
})

test('UDP that stops for all while the links stand kills nobody, and is used again when it works again', () => {
  const world = new World({ seed: 49 })
  const nodes = settled(world, 8)
  quiet(world)
  for (const one of nodes) for (const other of nodes) world.flings.deaf.add(`${one.id} ${other.id}`)
  world.run(30_000)
  assert.equal(deaths(nodes), 0)
  let flung = 0
  world.flings.onFling = () => flung++
  world.run(20_000)
  const alone = flung
  world.flings.deaf.clear()
  world.run(10_000)
  flung = 0
  world.run(20_000)
  assert(flung > 2 * alone, `${alone} datagrams where they fail, ${flung} where they work`)
  assert.equal(deaths(nodes), 0)
})

test('nobody can keep a dead peer alive by acks that it never sent', () => {
  const world = new World({ seed: 50, latencyMs: [0.2, 2] })
  settled(world, 8)
  const [before, frozen, after, liar] = world.sorted()
  world.freeze(frozen!)
  // another member answers in its place, from its own link: first guessed numbers, then those really asked
  world.flings.onFling = (from, to, datagram) => {
    if (to !== frozen!.id || datagram.type !== 'ping') return
    for (let sequence = 1; sequence < 200; sequence++) {
      from.datagrams.onDatagram(liar!.id, { type: 'ack', answers: sequence, digest: datagram.digest }, sequence)
      from.datagrams.onDatagram(liar!.id, { type: 'vouch', answers: sequence + 100_000 }, sequence)
    }
    // and old acks of the dead one itself
    from.datagrams.onDatagram(frozen!.id, { type: 'ack', answers: 1, digest: datagram.digest }, 1)
  }
  world.until('bypass', BYPASS_MS, () => before!.ring.view().successors[0]?.id === after!.id)
})

test('a ping that was under way when its sender said goodbye does not bring it back', () => {
  const world = new World({ seed: 51 })
  const nodes = settled(world, 6)
  const [before, leaver] = world.sorted()
  const digest = '0'.repeat(16)
  world.leave(leaver!)
  world.until('the goodbye to arrive', 500, () => listing(world, leaver!.id).length === 0)
  for (const node of nodes) if (node !== leaver) node.datagrams.onDatagram(leaver!.id, { type: 'ping', digest }, 9)
  // somebody who has not heard yet still has it in the lists that it pushes
  const [last] = before!.ring.view().predecessors
  const stale = [
    leaver!.id,
    ...before!.ring
      .view()
      .successors.slice(0, 2)
      .map(({ id }) => id),
  ]
  const after = nodes.find(({ id }) => id === last!.id)!
  after.ring.receive(before!.id, { type: 'ringUpdate', successors: stale, predecessors: [] })
  assert.deepEqual(listing(world, leaver!.id), [])
  // one that was found dead is raised by the same ping
  world.kill(after)
  world.until('the death', 2_000, () => listing(world, after.id).length === 0)
  assert(!before!.ring.owners(after.id, 10).includes(after.id))
  before!.known.set(after.id, after.info)
  before!.datagrams.onDatagram(after.id, { type: 'ping', digest }, 10)
  assert(before!.ring.owners(after.id, 10).includes(after.id))
})

test('whoever is not in the ring, or has left it, answers no datagram', () => {
  const world = new World({ seed: 57 })
  const [one, other] = settled(world, 4)
  const outsider = world.add(undefined, 'dial-out')
  world.run(1_000)
  let answers = 0
  world.flings.onFling = (from, _to, { type }) => {
    if (type === 'ack' && (from === outsider || from === other)) answers++
  }
  const ping = { type: 'ping', digest: '0'.repeat(16) } as const
  outsider.datagrams.onDatagram(one!.id, ping, 100)
  assert.equal(answers, 0)
  other!.datagrams.onDatagram(one!.id, ping, 100)
  assert.equal(answers, 1)
  other!.ring.leave(() => {})
  other!.datagrams.onDatagram(one!.id, ping, 101)
  assert.equal(answers, 1)
})

test('both neighbours on either side are watched: state and round trip on view', () => {
  const world = new World({ seed: 52, latencyMs: [4, 6] })
  const nodes = settled(world, 12)
  world.run(5_000)
  for (const node of nodes) {
    const { successors, predecessors } = node.ring.view()
    for (const { name, state, rttMs } of [...successors.slice(0, 2), ...predecessors.slice(0, 2)]) {
      assert.equal(state, 'alive')
      assert(rttMs !== null && rttMs >= 8 && rttMs <= 12, `${name} at ${rttMs} ms`)
    }
  }
  const [before, frozen] = world.sorted()
  world.freeze(frozen!)
  world.until('the suspicion on view', BYPASS_MS, () => before!.ring.view().successors[0]?.state === 'suspect')
})

test('whoever misses a push of its predecessor learns from its digest that there is news', () => {
  const world = new World({ seed: 56 })
  settled(world, 40)
  world.run(12_000)
  const ring = world.sorted()
  const [deprived, near, far] = [ring[20]!, ring[15]!, ring[14]!]
  const transmit = world.transmit.bind(world)
  world.transmit = (from, to, message) => {
    if (message.type !== 'ringUpdate' || to !== deprived.id) transmit(from, to, message)
  }
  const between = (BigInt(`0x${near.id}`) + BigInt(`0x${far.id}`)) / 2n
  const newcomer = world.add(between.toString(16).padStart(64, '0') as PeerId)
  const has = (node: Node) => node.ring.view().predecessors.some(({ id }) => id === newcomer.id)
  world.until('the news at its predecessor', 5_000, () => has(ring[19]!))
  world.until('the news where the push was lost', 2_000, () => has(deprived))
})

test('a push that was lost is made good by the digest of the next ping', () => {
  const world = new World({ seed: 53 })
  const nodes = settled(world, 10)
  world.run(3_000)
  const dropped = new Set<string>()
  const transmit = world.transmit.bind(world)
  world.transmit = (from, to, message) => {
    if (message.type === 'ringUpdate' || message.type === 'ringLeave') dropped.add(message.type)
    else transmit(from, to, message)
  }
  world.leave(nodes[4]!)
  world.until('ideal ring', 8_000, world.ideal)
  assert.deepEqual([...dropped].sort(), ['ringLeave', 'ringUpdate'])
})

test('at rest the lists are not sent around', () => {
  const bytesOf = (udp: boolean): number => {
    const world = new World({ seed: 54, udp })
    settled(world, 16)
    world.run(5_000)
    let bytes = 0
    const transmit = world.transmit.bind(world)
    world.transmit = (from, to, message) => {
      bytes += encodeMessage(message).length
      transmit(from, to, message)
    }
    world.run(60_000)
    assert(world.ideal())
    return bytes / 16 / 60
  }
  const [before, after] = [bytesOf(false), bytesOf(true)]
  assert(
    after < before / 5,
    `${before.toFixed(0)} bytes/s a peer over links without datagrams, ${after.toFixed(0)} with`,
  )
})

test.run()
