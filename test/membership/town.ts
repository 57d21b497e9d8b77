/**
 * A few machines with peers that are nothing but membership, in the simulator: every message through the wire codec,
 * and a protocol on top of each that checks what it is told.
 */
import type { PeerView } from '../../src/api.js'
import { Membership, type MembershipOptions } from '../../src/membership/membership.js'
import type { PeerInfo, Protocol } from '../../src/mesh.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import type { SimNode } from '../sim/node.js'
import { World, type WorldOptions } from '../sim/world.js'

export const CHAIN = 'c'.repeat(64) as Hash

/** Written down by every peer; throws where the order of calls breaks the promise of `Protocol`. */
export class Witness implements Protocol {
  readonly members = new Set<PeerId>()
  readonly up = new Set<PeerId>()
  readonly heard: string[] = []

  memberJoined(peer: PeerInfo): void {
    if (this.members.has(peer.id)) throw new Error('joined twice')
    this.members.add(peer.id)
    this.heard.push(`joined ${peer.id.slice(0, 4)}`)
  }
  linkUp(peer: PeerId): void {
    if (!this.members.has(peer)) throw new Error('up before joined')
    this.up.add(peer)
    this.heard.push(`up ${peer.slice(0, 4)}`)
  }
  linkDown(peer: PeerId): void {
    if (!this.up.delete(peer)) throw new Error('down without up')
    this.heard.push(`down ${peer.slice(0, 4)}`)
  }
  linkDrained(): void {}
  memberLeft(peer: PeerId, how: 'left' | 'lost'): void {
    if (!this.members.delete(peer)) throw new Error('left without joined')
    this.heard.push(`${how} ${peer.slice(0, 4)}`)
  }
}

export class Resident {
  readonly witness = new Witness()
  readonly membership: Membership
  started: string | null = null
  chain = CHAIN

  constructor(env: ConstructorParameters<typeof Membership>[0], options: MembershipOptions) {
    this.membership = new Membership(env, options, {
      protocols: () => [this.witness],
      receive: () => {},
      dataLink: () => ({ message: () => {}, drained: () => {}, closed: () => {} }),
      claim: () => ({ chain: this.chain, tip: CHAIN, height: 0, work: 1n }),
      changed: () => {},
    })
  }
}

export type Town = World<Resident>
export type House = SimNode<Resident>

/** A world of residents; by default nobody is told of anybody and all live on one machine. */
export function townOf(
  seed: number,
  options: Partial<WorldOptions<Resident>> & {
    membership?: Partial<MembershipOptions>
    chain?: (index: number) => Hash
  } = {},
): Town {
  return new World<Resident>({
    seed,
    ...options,
    boot: (env, setup, node) => {
      const resident = new Resident(env, { listen: setup.listen, join: setup.join, ...options.membership })
      if (options.chain !== undefined) resident.chain = options.chain(node.index)
      resident.membership.start((result) => {
        resident.started = result.ok ? result.value : `failed: ${result.message}`
      })
      return resident
    },
  })
}

/** One more peer on a machine, told nothing. */
export function settle(
  town: Town,
  host = 'home',
  join: readonly Address[] = [],
  listen: readonly `${string}:0`[] = [],
): House {
  return town.addPeer({ host, join, listen })
}

export const viewsOf = (house: House): readonly PeerView[] => house.peer.membership.peers()

/** What keeps the awake peers from being one network; null where nothing does. */
export function whatIsWrong(town: Town): string | null {
  const awake = town.nodes.filter((house) => house.awake)
  for (const house of awake) {
    const { membership, witness } = house.peer
    const others = new Set(awake.filter((other) => other !== house).map(({ id }) => id))
    const wrong = (what: string): string => `${house.name}: ${what}`
    for (const id of others) if (!membership.isLinked(id)) return wrong(`not linked with ${id.slice(0, 4)}`)
    for (const id of membership.linked())
      if (!others.has(id)) return wrong(`linked with ${id.slice(0, 4)}, who is not there`)
    for (const { id } of membership.members()) if (!others.has(id)) return wrong(`${id.slice(0, 4)} is no member`)
    if (witness.up.size !== others.size || witness.members.size !== others.size)
      return wrong('told its protocols otherwise')
  }
  return linkProblem(town, awake) ?? anchorProblem(awake) ?? listProblem(awake)
}

/** Exactly one link per pair: counted at both ends. */
function linkProblem(town: Town, awake: readonly House[]): string | null {
  for (const house of awake) {
    const open = [...town.network.links()].filter((link) => link.process === house.life?.process && !link.closed)
    const peers = open.map(({ peer }) => peer)
    if (new Set(peers).size !== peers.length) return `${house.name}: two links with one peer`
    if (open.some(({ service }) => service !== 'control')) return `${house.name}: a link that was never settled`
  }
  return null
}

/** One anchor a machine, and all see the same ones. */
function anchorProblem(awake: readonly House[]): string | null {
  const anchors = awake.filter((house) => house.peer.membership.role() === 'anchor')
  for (const host of new Set(awake.map((house) => house.host.name))) {
    const count = anchors.filter((house) => house.host.name === host).length
    if (count !== 1) return `${count} anchors on ${host}`
  }
  for (const house of awake) {
    for (const info of house.peer.membership.members()) {
      const truth = awake.find(({ id }) => id === info.id)?.peer.membership.role()
      if (info.role !== truth) return `${house.name} takes ${info.name} for ${info.role}, it is ${truth}`
    }
  }
  return null
}

/** Every peer knows the same addresses of the same peers. */
function listProblem(awake: readonly House[]): string | null {
  for (const house of awake) {
    for (const info of house.peer.membership.members()) {
      const truth = awake
        .find(({ id }) => id === info.id)
        ?.peer.membership.addresses()
        .join(' ')
      if (info.addresses.join(' ') !== truth) return `${house.name} has old addresses of ${info.name}`
    }
  }
  return null
}

/** Waits until the awake peers are one network. */
export function untilOne(town: Town, within: `${number} s`, what: string): void {
  let problem: string | null = 'nothing ran'
  try {
    town.until(() => (problem = whatIsWrong(town)) === null, within, what)
  } catch (error) {
    throw new Error(`seed ${town.seed}: ${what}: ${problem}`, { cause: error })
  }
}
