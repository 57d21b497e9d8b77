/**
 * What must hold of every ring at every moment, looked at after each event. Lists are ordered, without repetition and
 * without their owner; only who is in the ring answers, and only members show lists; peers that can talk are never in two
 * rings for longer than a bound.
 */
import type { RingMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import type { Node } from './node.js'
import type { World } from './world.js'

export class RingError extends Error {
  override readonly name = 'RingError'
}

/** A peer that cannot be dialed any more learns it in its next round. */
const NOTICED_MS = 1_000

const SWEEP_EVERY_MS = 250

interface Apart {
  /** Of the world, at that time: each cut and each healing starts the count anew. */
  readonly cuts: number
  readonly sinceMs: number
}

export class Watcher {
  /** The longest that peers which could talk were in two rings. */
  longestApartMs = 0
  readonly #world: World
  readonly #boundMs: number
  readonly #first = new Map<Node, PeerId | undefined>()
  /** Since when a node is in another ring than most of those that it can talk to. */
  readonly #apart = new Map<Node, Apart>()
  #changed = true
  #cuts = 0
  #nextSweepMs = 0

  constructor(world: World, boundMs: number) {
    this.#world = world
    this.#boundMs = boundMs
    world.afterEvent = (node) => this.#look(node)
    world.onSend = (from, _to, message) => this.#sent(from, message)
  }

  /** Somebody came, went, froze or thawed. */
  changed(): void {
    this.#changed = true
  }

  #look(node: Node | undefined): void {
    if (node !== undefined && this.#first.get(node) !== node.first) {
      this.#first.set(node, node.first)
      this.#changed = true
    }
    if (this.#world.now >= this.#nextSweepMs) this.#sweep()
    if (this.#changed || this.#world.cuts !== this.#cuts) this.#countRings()
    this.#changed = false
    this.#cuts = this.#world.cuts
    for (const [apart, { sinceMs }] of this.#apart) {
      const ms = this.#world.now - sinceMs
      if (!apart.awake || ms < this.longestApartMs) continue
      this.longestApartMs = ms
      if (ms > this.#boundMs)
        throw new RingError(`${apart.info.name} is in a ring of its own for ${ms} ms: ${this.#world.describe()}`)
    }
  }

  /** The lists are checked at every change that the ring tells of; this finds one that it does not tell of. */
  #sweep(): void {
    this.#nextSweepMs = this.#world.now + SWEEP_EVERY_MS
    for (const node of this.#world.alive()) {
      const { first } = node
      node.check()
      if (node.first !== first) throw new RingError(`${node.info.name} has a new first successor and does not tell`)
    }
  }

  // ---- how many rings

  #countRings(): void {
    const talking = this.#world.sorted().filter((node) => node.awake && !node.left)
    for (const node of this.#apart.keys()) if (!talking.includes(node)) this.#apart.delete(node)
    for (const side of new Set(talking.map((node) => this.#world.side(node))))
      this.#countOn(talking.filter((node) => this.#world.side(node) === side))
  }

  #countOn(group: readonly Node[]): void {
    const rings = ringsOf(group, ({ first, id }) => this.#world.node(first ?? id))
    const { cuts, now } = this.#world
    const largest = Math.max(0, ...rings.map((ring) => ring.size))
    const main = rings.find((ring) => ring.size === largest)
    for (const node of group) {
      const ring = rings.find((one) => one.has(node))
      const before = this.#apart.get(node)
      if (ring === main && main !== undefined) this.#apart.delete(node)
      else if (ring !== undefined && before?.cuts !== cuts) this.#apart.set(node, { cuts, sinceMs: now })
    }
  }

  // ---- who answers

  #sent(from: Node, message: RingMessage): void {
    const wrong = this.#wrongWith(from, message)
    if (wrong !== null) throw new RingError(`${from.info.name} sends ${message.type} although ${wrong}`)
  }

  #wrongWith(from: Node, message: RingMessage): string | null {
    if (message.type === 'ringLeave') return null
    if (from.left) return 'it left'
    const answer = message.type === 'ringPong' || message.type === 'ringNeighbours' || message.type === 'ringRoute'
    if ((answer || message.type === 'ringWelcome') && from.outsideMs > NOTICED_MS) return 'it is outside'
    if (message.type === 'ringNeighbours' && message.standing !== 'member' && message.successors.length > 0)
      return `it is ${message.standing} and has only guesses to share`
    if (message.type === 'ringRoute' && message.standing === 'isolated' && message.kind !== 'none')
      return 'it is isolated'
    const empty = message.type === 'ringUpdate' || (message.type === 'ringNeighbours' && message.standing === 'member')
    return empty && message.successors.length === 0 ? 'its list is empty' : null
  }
}

/** The circles that first successors make; whoever has none is one of its own. */
function ringsOf(group: readonly Node[], next: (node: Node) => Node | undefined): ReadonlySet<Node>[] {
  const inGroup = new Set(group)
  const seen = new Set<Node>()
  const rings: Set<Node>[] = []
  for (const start of group) {
    const path: Node[] = []
    let node: Node | undefined = start
    while (node !== undefined && inGroup.has(node) && !seen.has(node)) {
      seen.add(node)
      path.push(node)
      node = next(node)
    }
    const place = node === undefined ? -1 : path.indexOf(node)
    if (place >= 0) rings.push(new Set(path.slice(place)))
  }
  return rings
}
