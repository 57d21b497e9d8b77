/**
 * Many peers that run the real ring code on virtual time: the ring is set up as it should be, many of them die in one
 * instant, and the clock runs until the ring of the living is right. How a death is noticed is a choice, because it
 * decides how long the repair takes: `exit` closes links as a killed process does, `silence` tells nothing at all.
 */
import type { Node } from '../../test/ring/node.js'
import { World } from '../../test/ring/world.js'
import type { RingMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import { ownerOf } from './ring-owner.js'

export type Death = 'exit' | 'silence'

export interface Repair {
  /** From the deaths until each first successor was right for good. */
  readonly closedMs: number
  /** Until all lists were right from end to end. */
  readonly idealMs: number
  /** Peers of whose successors none lived. */
  readonly cutOff: number
}

export interface RepairOptions {
  readonly peers: number
  /** Of all peers, how many die. */
  readonly share: number
  readonly death: Death
  readonly seed: number
}

const LIST = 16
const LATENCY_MS = [5, 20] as const
const MET_AFTER_MS = 200
const FINGERS_MS = 4_000
const REST_MS = 2_000
const LOOK_EVERY_MS = 10
const GIVE_UP_MS = 60_000

export function repair({ peers, share, death, seed }: RepairOptions): Repair {
  const world = new World({ seed, gossip: false, addressBook: true, latencyMs: LATENCY_MS })
  setUp(world, peers)
  const dead = new Set(
    world
      .alive()
      .map((node) => ({ node, place: world.random() }))
      .sort((a, b) => a.place - b.place)
      .slice(0, Math.floor(peers * share))
      .map(({ node }) => node),
  )
  const cutOff = cutOffBy(world.sorted(), dead)
  for (const node of dead) world.kill(node, death === 'silence')
  return { ...healing(world), cutOff }
}

function healing(world: World): Omit<Repair, 'cutOff'> {
  const since = world.now
  let closedMs: number | null = null
  while (world.now - since < GIVE_UP_MS) {
    world.run(LOOK_EVERY_MS)
    if (!world.closed()) closedMs = null
    else closedMs ??= world.now - since
    if (closedMs !== null && world.ideal()) return { closedMs, idealMs: world.now - since }
  }
  throw new Error(`no ideal ring after ${GIVE_UP_MS} ms`)
}

function cutOffBy(ring: readonly Node[], dead: ReadonlySet<Node>): number {
  const lost = (place: number): boolean =>
    Array.from({ length: LIST }, (_, step) => at(ring, place + step + 1)).every((node) => dead.has(node))
  return ring.filter((node, place) => !dead.has(node) && lost(place)).length
}

// ---- a ring as it should be

/** Every peer joins at its predecessor, and the answers to all joins and to the first lookups are right. */
function setUp(world: World, count: number): void {
  for (let peer = 0; peer < count; peer++) world.place()
  const ring = world.sorted()
  const ids = ring.map(({ id }) => id)
  const places = new Map(ids.map((id, place) => [id, place]))
  world.oracle = (from, to, question) => rightAnswer(ids, places.get(from.id)!, places.get(to)!, question)
  for (const [place, node] of ring.entries()) {
    introduce(node, at(ring, place - 1))
    node.ring.start()
  }
  world.run(MET_AFTER_MS)
  for (const [place, node] of ring.entries())
    for (let step = 1; step <= LIST; step++) world.meet(node, at(ring, place + step))
  world.run(FINGERS_MS)
  world.oracle = null
  world.run(REST_MS)
  if (!world.ideal()) throw new Error(`the ring is not as it should be: ${world.describe().slice(0, 500)}`)
}

/** It knows nobody else, so it joins there. */
function introduce(node: Node, predecessor: Node): void {
  node.known.set(predecessor.id, predecessor.info)
  node.links.set(predecessor.id, predecessor)
  predecessor.links.set(node.id, node)
}

function rightAnswer(ids: readonly PeerId[], asker: number, asked: number, question: RingMessage): RingMessage | null {
  const { type } = question
  if (type === 'ringStep') {
    const peers = [ownerOf(question.key, ids)]
    return { type: 'ringRoute', request: question.request, standing: 'member', kind: 'owner', peers }
  }
  if (type !== 'ringJoin') return null
  return {
    type: 'ringWelcome',
    request: question.request,
    accepted: true,
    successors: Array.from({ length: LIST }, (_, step) => at(ids, asker + step + 1)),
    predecessors: Array.from({ length: LIST }, (_, step) => at(ids, asked - step - 1)),
  }
}

const at = <T>(ring: readonly T[], place: number): T => ring[(place + 2 * ring.length) % ring.length]!
