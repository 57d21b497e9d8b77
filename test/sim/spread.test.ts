/**
 * A file that is spread over real peers, seeded: nobody holds all of it, its publisher goes, holders die and come and go,
 * and the whole file is there all the time. Copies are counted on the simulated disks, not as peers tell of them.
 */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Done, PeerApi, RequestedView, StoredView } from '../../src/api.js'
import { chunkKey } from '../../src/swarm/spread.js'
import type { Hash } from '../../wire/types.js'
import { hasContent } from './files.js'
import { membersOf, type PeerNode } from './invariants.js'
import { bootPeer, REPLICAS } from './peer.js'
import { Random } from './random.js'
import { type Duration, World } from './world.js'

const SEEDS = 5
const PEERS = 9
const CHUNKS = 44
const SIZE = CHUNKS * 256 * 1024 - 77
const CHURN_STEPS = 10
const LOOK_EVERY_MS = 50

function ownersOf(name: string, index: number, ring: readonly PeerNode[]): readonly PeerNode[] {
  const key = chunkKey(name, index)
  const start = Math.max(
    0,
    ring.findIndex(({ id }) => id >= key),
  )
  return [...ring.slice(start), ...ring.slice(0, start)].slice(0, REPLICAS)
}

const owesAll = (name: string, ring: readonly PeerNode[], peer: PeerNode): boolean =>
  Array.from({ length: CHUNKS }, (_, index) => ownersOf(name, index, ring)).every((owners) => owners.includes(peer))

/** One file in one world. */
class Play {
  readonly world: World<PeerApi>
  readonly random: Random
  readonly #seed: number
  #id: Hash | null = null
  #name = ''
  #lookedAt = 0

  constructor(seed: number) {
    this.#seed = seed
    this.random = new Random(seed)
    this.world = new World<PeerApi>({ seed, boot: bootPeer, bytesPerMs: 8000 })
    this.world.always.push({ invariant: () => this.#lost() })
  }

  await<T>(what: string, within: Duration, command: (done: Done<T>) => void): T {
    const answers: Parameters<Done<T>>[0][] = []
    this.world.act(() => command((result) => void answers.push(result)))
    this.world.until(() => answers.length > 0, within, `seed ${this.#seed}: ${what}`)
    const [answer] = answers
    assert.ok(answer?.ok, `seed ${this.#seed}: ${what} failed: ${answer?.ok === false ? answer.message : ''}`)
    return answer.value
  }

  store(node: PeerNode): void {
    node.files.put('/home/film', SIZE, this.#seed)
    const rings = [membersOf(this.world), membersOf(this.world).filter((other) => other !== node)]
    // ids are random: a name whose chunks are not all due at one peer, with its publisher and without
    const names = Array.from({ length: 1000 }, (_, n) => `film-${n}`)
    this.#name = names.find((name) => rings.every((ring) => !ring.some((peer) => owesAll(name, ring, peer)))) ?? ''
    const options = { spread: true, as: this.#name }
    const { id } = this.await<StoredView>('the store', '60 s', (done) =>
      node.peer.store('/home/film', options, () => {}, done),
    )
    this.#id = id
    for (let index = 0; index < CHUNKS; index++) {
      const copies = this.holders(index).filter((holder) => this.owners(index).includes(holder))
      assert.ok(copies.length >= 2, `seed ${this.#seed}: acknowledged with ${copies.length} copies of chunk ${index}`)
    }
  }

  fetch(node: PeerNode): void {
    const { alive } = this.world
    this.world.until(() => node.peer.status().peers === alive.length - 1, '30 s', `${node.name} to know the others`)
    const target = `/final/${this.world.now}`
    this.await<RequestedView>(`the file at ${node.name}`, '120 s', (done) =>
      node.peer.request(this.#name, { target }, () => {}, done),
    )
    const file = node.files.files.get(target)
    assert.ok(file !== undefined && hasContent(file, SIZE, this.#seed), 'the same content')
    node.files.files.delete(target)
  }

  /** Running peers with a durable copy of this chunk by itself. */
  holders(index: number): readonly PeerNode[] {
    return this.world.alive.filter((node) => this.#chunksAt(node).has(index))
  }

  owners(index: number): readonly PeerNode[] {
    return ownersOf(this.#name, index, membersOf(this.world))
  }

  settle(what: string): void {
    this.world.until(() => this.#misplaced() === null, '180 s', `seed ${this.#seed}, ${what}: chunks at their owners`)
  }

  nobodyHasAll(): void {
    for (const node of this.world.alive) assert.ok(this.#chunksAt(node).size < CHUNKS, `${node.name} keeps all of it`)
  }

  pick(nodes: readonly PeerNode[]): PeerNode {
    const node = nodes[this.random.int(nodes.length)]
    assert.ok(node)
    return node
  }

  #chunksAt(node: PeerNode): ReadonlySet<number> {
    return (this.#id === null ? undefined : node.files.loose.get(this.#id)?.durable) ?? new Set()
  }

  /** Never are all copies of an acknowledged chunk gone: this test kills at most three of four holders at once. */
  #lost(): string | null {
    if (this.#id === null || this.world.now - this.#lookedAt < LOOK_EVERY_MS) return null
    this.#lookedAt = this.world.now
    for (let index = 0; index < CHUNKS; index++)
      if (this.holders(index).length === 0) return `no running peer has chunk ${index}`
    return null
  }

  #misplaced(): string | null {
    for (let index = 0; index < CHUNKS; index++) {
      const owners = this.owners(index)
      const holders = this.holders(index)
      if (holders.length !== owners.length || !owners.every((owner) => holders.includes(owner))) return `chunk ${index}`
    }
    return null
  }
}

function churn(play: Play, done: Map<string, number>): void {
  const { world, random } = play
  const count = (what: string) => void done.set(what, (done.get(what) ?? 0) + 1)
  for (let step = 0; step < CHURN_STEPS; step++) {
    const down = world.nodes.filter((node) => !node.alive)
    const chance = random.next()
    if (chance < 0.3 && world.alive.length < PEERS + 3) {
      world.addPeer()
      count('joins')
    } else if (chance < 0.5 && world.alive.length > PEERS - 3) {
      const leaver = play.pick(world.alive.slice(1))
      let left = false
      world.act(() => leaver.peer.quit(() => void (left = true)))
      world.until(() => left, '30 s', `${leaver.name} to leave`)
      world.exit(leaver)
      count('leaves')
    } else if (chance < 0.8 && world.alive.length > PEERS - 3) {
      world.kill(play.pick(world.alive.slice(1)))
      count('kills')
    } else if (down.length > 0) {
      world.start(play.pick(down))
      count('restarts')
    }
    world.run(random.next() < 0.5 ? '300 ms' : '20 s')
    // kills in quick succession may take all holders of a chunk: at most two before all is repaired
    if (step % 2 === 1) play.settle(`step ${step}`)
  }
}

test('a spread file outlives its publisher, the death of all but one holder of a chunk, and all coming and going', () => {
  const done = new Map<string, number>()
  for (let seed = 1; seed <= SEEDS; seed++) {
    const play = new Play(seed)
    const { world } = play
    const nodes = world.addPeers(PEERS)
    world.until(() => nodes.every(({ peer }) => peer.status().peers === PEERS - 1), '60 s', 'all to know each other')
    world.run('5 s')
    const publisher = play.pick(nodes.slice(1))
    play.store(publisher)
    if (seed % 2 === 0) play.settle('the store')
    world.kill(publisher)
    publisher.files.files.delete('/home/film')
    play.settle('without the publisher')
    play.nobodyHasAll()
    play.fetch(world.addPeer())

    play.settle('one more')
    const victims = play.holders(7).filter(({ index }) => index !== 0)
    for (const victim of victims.slice(0, REPLICAS - 1)) world.kill(victim)
    assert.ok(play.holders(7).length > 0)
    play.settle('three of four holders dead')

    churn(play, done)
    play.settle('the end')
    play.fetch(play.pick(world.alive))
  }
  console.log([...done].map(([what, times]) => `${what} ${times}`).join(', '))
  for (const what of ['joins', 'leaves', 'kills', 'restarts']) assert.ok((done.get(what) ?? 0) > 0, `no ${what}`)
})

test.run()
