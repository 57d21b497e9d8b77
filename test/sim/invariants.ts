/**
 * What must hold in every world. The first group is asked while faults go on, the second once the world is calm and had
 * its time to settle: then nothing that was promised to a user may be missing anywhere.
 */
import type { PeerApi } from '../../src/api.js'
import { sha256 } from '../../wire/hash.js'
import { LIST_LENGTH } from '../../wire/messages/ring.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { ownPath } from './chunks.js'
import { hasContent } from './files.js'
import type { SimNode } from './node.js'
import type { World } from './world.js'

export type PeerWorld = World<PeerApi>
export type PeerNode = SimNode<PeerApi>

/** What a user was told to be done. */
export interface Acknowledged {
  readonly votes: { readonly ballot: Hash; readonly voter: string; readonly by: string; readonly at: number }[]
  readonly files: {
    readonly name: string
    readonly id: Hash
    readonly size: number
    readonly seed: number
    readonly by: string
    /** Nobody else was there to take a copy. */
    readonly alone: boolean
  }[]
}

/** Five times what is promised. */
const BYPASSED_MS = 7500

const short = (id: string): string => id.slice(0, 8)

// ---- while it runs

/** No honest peer was ever cut off for breaking a rule. */
export function nobodyBrokeARule({ network }: PeerWorld): string | null {
  const [first] = network.violations
  return first === undefined ? null : `peer ${first.by} cut ${short(first.peer)} off: ${first.code}, ${first.reason}`
}

/** No peer gave itself up. */
export function nobodyGaveUp({ nodes }: PeerWorld): string | null {
  const node = nodes.find(({ fatal }) => fatal !== null)
  return node === undefined ? null : `${node.name}: ${node.fatal}`
}

/** Lists of neighbours run around the ring from their peer on, without it and without repetition. */
export function ringListsInOrder({ nodes }: PeerWorld): string | null {
  for (const node of nodes) {
    if (!node.alive) continue
    const { successors, predecessors } = node.peer.ring()
    const after = successors.map(({ id }) => id)
    const before = predecessors.map(({ id }) => id)
    const wrong = disorder(node.id, after) ?? disorder(node.id, before.toReversed(), true)
    if (wrong !== null) return `${node.name}: ${wrong}`
  }
  return null
}

function disorder(self: PeerId, clockwise: readonly PeerId[], backwards = false): string | null {
  const what = backwards ? 'predecessors' : 'successors'
  if (clockwise.includes(self)) return `itself among its ${what}`
  if (new Set(clockwise).size !== clockwise.length) return `a peer twice among its ${what}`
  if (clockwise.length > LIST_LENGTH) return `${clockwise.length} ${what}`
  const sorted = clockwise.toSorted((a, b) => (around(self, a) < around(self, b) ? -1 : 1))
  return sorted.every((id, place) => id === clockwise[place]) ? null : `${what} out of order`
}

/** Sorts by the way around the ring from `self`. */
const around = (self: PeerId, id: PeerId): string => (id > self ? '0' : '1') + id

/** Nobody's first successor lies beyond a running member; only asked where the ring had time to become ideal. */
export function nobodySkipped(world: PeerWorld): string | null {
  const members = membersOf(world).filter(({ left }) => !left)
  for (const [place, node] of members.entries()) {
    const first = node.peer.ring().successors[0]?.id
    const next = at(members, place + 1)
    if (first === undefined || next === node || around(node.id, first) <= around(node.id, next.id)) continue
    return `the first successor of ${node.name} is ${short(first)}, beyond ${next.name}`
  }
  return null
}

/** Whoever is gone for long enough is in nobody's lists any more. */
export function deadAreBypassed({ nodes, alive, now }: PeerWorld): string | null {
  const gone = new Set(nodes.filter((node) => !node.alive && now - node.endedAt > BYPASSED_MS).map(({ id }) => id))
  for (const { name, peer } of alive) {
    const { successors, predecessors } = peer.ring()
    const listed = [...successors, ...predecessors].find(({ id }) => gone.has(id))
    if (listed !== undefined) return `${name} still lists ${listed.name}, who is gone`
  }
  return null
}

/** Whoever gives up its copy of an acknowledged file leaves a whole one on a running peer, unless holders just died. */
export function lastCopyKept({ files }: Acknowledged): (world: PeerWorld) => string | null {
  let seen = 0
  return function lastCopyKept({ nodes, now }) {
    let dropped = 0
    for (const node of nodes) dropped += node.files.dropped.length
    if (dropped === seen) return null
    seen = dropped
    for (const node of nodes) {
      const blob = node.files.dropped.at(-1)
      for (const file of files) {
        if (file.id !== blob || node.files.files.has(ownPath(blob))) continue
        const holders = nodes.filter((holder) => holdsWhole(holder, file))
        if (holders.some(({ alive }) => alive)) continue
        if (holders.some(({ alive, endedAt }) => !alive && now - endedAt < BYPASSED_MS)) continue
        return `${node.name} gave up the last running copy of ${file.name}`
      }
    }
    return null
  }
}

/** Between two peers at most one control link that both use. */
export function oneLinkAPair({ network, nodes }: PeerWorld): string | null {
  const seen = new Set<string>()
  for (const link of network.links()) {
    if (!link.dialed || link.service !== 'control' || link.partner.service !== 'control') continue
    if (link.closed || link.partner.closed) continue
    const pair = [link.process.index, link.partner.process.index].sort((a, b) => a - b).join('-')
    if (seen.has(pair)) return `two control links between ${pair} (${nodes.length} peers)`
    seen.add(pair)
  }
  return null
}

// ---- once it is calm

/** Members in the order of the ring. */
export function membersOf({ alive }: PeerWorld): readonly PeerNode[] {
  return alive.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

export function everybodyLinked(world: PeerWorld): string | null {
  const { alive } = world
  for (const node of alive) {
    const up = new Set(node.peer.peers().flatMap(({ id, state }) => (state === 'up' ? [id] : [])))
    const missing = alive.find((other) => other !== node && !up.has(other.id))
    if (missing !== undefined) return `${node.name} has no link to ${missing.name}`
    if (up.size !== alive.length - 1) return `${node.name} counts ${up.size} peers of ${alive.length - 1}`
  }
  return null
}

/** Every peer has exactly its next neighbours, both ways. */
export function idealRing(world: PeerWorld): string | null {
  const members = membersOf(world)
  const length = Math.min(LIST_LENGTH, members.length - 1)
  for (const [place, node] of members.entries()) {
    const { successors, predecessors } = node.peer.ring()
    const next = Array.from({ length }, (_, step) => at(members, place + 1 + step).id)
    const previous = Array.from({ length }, (_, step) => at(members, place - 1 - step).id)
    const wrong = differs('successors', successors, next) ?? differs('predecessors', predecessors, previous)
    if (wrong !== null) return `${node.name}: ${wrong}`
  }
  return null
}

const at = <T>(ring: readonly T[], place: number): T => ring[(place + ring.length * 2) % ring.length]!

function differs(what: string, have: readonly { readonly id: PeerId }[], want: readonly PeerId[]): string | null {
  const got = have.map(({ id }) => id)
  if (got.length === want.length && got.every((id, place) => id === want[place])) return null
  return `${what} are ${got.map(short).join(' ') || 'none'}, should be ${want.map(short).join(' ') || 'none'}`
}

export function oneTip({ alive }: PeerWorld): string | null {
  const tips = new Set(alive.map(({ peer }) => peer.status().tip))
  return tips.size <= 1
    ? null
    : alive.map(({ name, peer }) => `${name} ${peer.status().height} ${short(peer.status().tip)}`).join(', ')
}

/** Every acknowledged vote is in every peer's chain. */
export function votesKept({ votes }: Acknowledged): (world: PeerWorld) => string | null {
  return function votesKept({ alive }) {
    for (const { ballot, voter, by, at: time } of votes) {
      const without = alive.find(({ peer }) => !peer.receipt(ballot).ok)
      if (without !== undefined) {
        return `vote of ${voter}, acknowledged by ${by} at ${(time / 1000).toFixed(3)} s, is not in the chain of ${without.name}`
      }
    }
    return null
  }
}

export function talliesEqual({ alive }: PeerWorld): string | null {
  const pictures = alive.map(({ name, peer }) => ({
    name,
    text: JSON.stringify(
      peer
        .polls()
        .toSorted()
        .map((poll) => picture(peer, poll)),
    ),
  }))
  const odd = pictures.find(({ text }) => text !== pictures[0]?.text)
  return odd === undefined ? null : `${odd.name} counts ${odd.text}, ${pictures[0]?.name} ${pictures[0]?.text}`
}

/** Every poll that has an end has come to it, and a block says so. */
export function endsClosed({ alive }: PeerWorld): string | null {
  for (const { name, peer } of alive) {
    const tallies = peer.polls().map((poll) => peer.tally(poll))
    const one = tallies.find(({ closes, final }) => closes !== null && !final)
    if (one !== undefined) return `${name} has no close of ${one.poll}, which is ${one.state}`
  }
  return null
}

function picture(peer: PeerApi, poll: string): unknown {
  const { total, choices, closes, state } = peer.tally(poll)
  return [poll, total, closes, state, Object.entries(choices).toSorted(([a], [b]) => (a < b ? -1 : 1))]
}

/** Every acknowledged file has a whole right copy on a running peer. */
export function filesKept({ files }: Acknowledged): (world: PeerWorld) => string | null {
  return function filesKept({ nodes }) {
    for (const file of files) {
      const holders = nodes.filter((node) => holdsWhole(node, file))
      if (holders.some(({ alive }) => alive)) continue
      return `no running peer has ${file.name}, whole copies: ${holders.map(nameOf).join(' ') || 'none'}`
    }
    return null
  }
}

/** Every stored file has a copy of their own at its k ring owners, and at nobody else. */
export function copiesAtOwners({ files }: Acknowledged, replicas: number): (world: PeerWorld) => string | null {
  return function copiesAtOwners(world) {
    const members = membersOf(world)
    for (const { name, id } of files) {
      const key = sha256(Buffer.from(name))
      const start = Math.max(
        0,
        members.findIndex((node) => node.id >= key),
      )
      const owners = members.map((_, step) => at(members, start + step)).slice(0, replicas)
      const keepers = members.filter((node) => node.files.files.has(ownPath(id)))
      const lacking = owners.filter((owner) => !keepers.includes(owner))
      const spare = keepers.filter((keeper) => !owners.includes(keeper))
      if (lacking.length > 0) return `${name} is not at its owners ${lacking.map(nameOf).join(' ')}`
      if (spare.length > 0) return `${name} is still at ${spare.map(nameOf).join(' ')}`
    }
    return null
  }
}

const nameOf = ({ name }: PeerNode): string => name

/** Whether a whole right copy is on this peer's disk, in the blob folder or as a finished file. */
export function holdsWhole(node: PeerNode, { size, seed }: Acknowledged['files'][number]): boolean {
  return [...node.files.files.values()].some((file) => hasContent(file, size, seed))
}
