/**
 * Builds the parts of this folder and says what each may ask of the others; none of them imports another for that.
 * What several parts have to do about one event stands in `encounters.ts`.
 */
import type { Service } from '../../wire/messages/link.js'
import type { PeerEntry, Role, TaskAddress } from '../../wire/messages/membership.js'
import type { Message } from '../../wire/messages.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import type { Env, Link, LinkHandler } from '../env.js'
import type { Protocol } from '../mesh.js'
import { ClockOffsets } from './clock.js'
import { DataLinking } from './data-linking.js'
import { Discovery } from './discovery.js'
import type { Encounters, Parts } from './encounters.js'
import type { Hello, Refusal } from './greeting.js'
import { type HeartbeatOptions, paceMs, silenceMs } from './heartbeat.js'
import { Joining } from './joining.js'
import { Linking } from './linking.js'
import { Listening } from './listening.js'
import { OwnEntry } from './own-entry.js'
import { Pairs, type PairsHooks } from './pairs.js'
import { PeerList } from './peer-list.js'
import { Reachability } from './reachability.js'
import { Remembered } from './remembered.js'
import { rendezvousAddress } from './rendezvous.js'
import { Roster } from './roster.js'
import { Scores } from './scores.js'
import { TaskLinking } from './task-linking.js'
import { Tracker } from './tracker.js'
import { Waiters } from './waiters.js'

/** From an open link to its being settled, with a reserve. */
const SETTLE_MS = 6000

/** What the parts ask of the whole. */
export interface Whole {
  readonly env: Env
  readonly pingIntervalMs: number
  readonly hosts: readonly string[]
  /** Asked only when something has happened, never while building. */
  encounters(): Encounters
  protocols(): readonly Protocol[]
  chain(): Hash
  hello(service: Service): Hello
  refuse(peer: PeerId): Refusal | null
  role(): Role
  addresses(): readonly Address[]
  /** Of a dedicated anchor. */
  tasks(): readonly TaskAddress[]
  dataLink(link: Link): LinkHandler
  send(peer: PeerId, message: Message): 'sent' | 'full' | 'none'
  changed(): void
}

export function assemble(whole: Whole): Parts {
  const { env } = whole
  const waiters = new Waiters(env)
  const scores = new Scores()
  const clock = new ClockOffsets(env)
  const remembered = new Remembered(env)
  const list = new PeerList(env, whole.chain, {
    merged: (entries, from) => whole.encounters().merged(entries, from),
    forged: (from) => whole.encounters().forged(from),
    isLinked: (peer) => pairs.settled(peer) !== null,
    isActive: (peer) => peer === env.identity.id || (roster.standing(peer) ?? 'gone') !== 'gone',
    forgotten: (peer) => whole.encounters().forgotten(peer),
  })
  const entryOf = (peer: PeerId): PeerEntry | undefined => list.get(peer)
  const met = (link: Link): LinkHandler => whole.encounters().met(link)
  const roster = new Roster(env, {
    protocols: whole.protocols,
    entryOf,
    isLinked: (peer) => pairs.settled(peer) !== null,
    isHeld: (peer) => taskLinking.holds(peer),
    isWanted: (peer) => linking.isWanted(peer),
    gone: (peer, how) => whole.encounters().gone(peer, how),
    silentMs: (peer) => pairs.settled(peer)?.heartbeat?.silentMs() ?? Number.POSITIVE_INFINITY,
    unlink: (peer) => pairs.lose(peer, 'the ring found it dead'),
    changed: whole.changed,
  })
  const heartbeat = heartbeatOf(
    whole,
    () => pairs.linked().length,
    (peer) => discovery.isHolder(peer),
  )
  const pairs = buildPairs(whole, roster, heartbeat, {
    drained: (peer) => tracker.drained(peer),
    answered: (link, token) => dataLinking.answered(link, token),
    pinged: (peer, inTime) => scores.count(peer, inTime ? 'pong' : 'no pong'),
    quiet: (peer) => discovery.doubt(peer),
  })
  const linking = new Linking(
    env,
    { pairs, roster, waiters },
    {
      entryOf,
      met,
      unmet: () => list.unmet,
      found: (peer) => whole.encounters().proved(peer),
      drop: (peer) => list.drop(peer),
    },
  )
  const dataLinking = new DataLinking(env, pairs, {
    addresses: (peer) => linking.addresses(peer),
    isDialOut: (peer) => (peer === env.identity.id ? whole.role() : entryOf(peer)?.role) === 'dial-out',
    filesTask: (peer) => filesTask(peer),
    send: (peer, message) => {
      // a task of a dedicated anchor hears only what is said to it
      if (filesTask(peer) === null) whole.send(peer, message)
      else taskLinking.send(peer, 'files', message)
    },
  })
  const filesTask = (peer: PeerId): readonly Address[] | null => {
    const addresses = taskLinking.addresses(peer, 'files')
    return addresses.length > 0 ? addresses : null
  }
  const taskLinking = new TaskLinking(env, heartbeat, {
    hello: whole.hello,
    twin: (weAreYounger) => whole.encounters().twin(weAreYounger),
    entryOf,
    isWelcome: (peer) =>
      whole.tasks().length === 0 && roster.isMember(peer) && !list.unmet.has(peer) && linking.penaltyOf(peer) === null,
    released: (peer) => roster.released(peer),
    dialMe: (peer, token) => dataLinking.asked(peer, token),
    blame: (peer, code, reason) => whole.encounters().blame(peer, code, reason),
    changed: whole.changed,
  })
  const own = new OwnEntry(env, remembered.startTime(), {
    chain: whole.chain,
    role: whole.role,
    addresses: whole.addresses,
    tasks: whole.tasks,
    changed: (entry) => {
      list.put(env.identity.id, entry)
      remembered.keep(env.identity.id, entry)
      tracker.announce()
      whole.changed()
    },
  })
  const tracker = new Tracker(env, list, {
    send: whole.send,
    isAnchor: (peer) => whole.encounters().isAnchor(peer),
    isUnmet: (peer) => list.unmet.has(peer),
    members: () => roster.members(),
    ownEntry: () => own.current(),
    blame: (peer, code, reason) => whole.encounters().blame(peer, code, reason),
    departed: (peer, entry) => roster.departed(peer, entry),
    metOurselves: (entry) => whole.encounters().metOurselves(entry),
    hinted: (lost, by) => whole.encounters().hinted(lost, by),
  })
  const accepted = (link: Link): LinkHandler => pairs.accepted(link)
  const listening = new Listening(env, whole.hosts, { accepted, changed: () => own.refresh() })
  const reachability = new Reachability(env, {
    send: (peer, message) => void whole.send(peer, message),
    entryOf,
    reachableAt: (address) => listening.reachableAt(address),
    roleChanged: () => own.refresh(),
  })
  const joining = new Joining(env, {
    met,
    awaitLink: (peer, done) => {
      if (pairs.settled(peer) !== null) env.after(0, () => done({ linked: true }))
      else waiters.add(peer, SETTLE_MS, done)
    },
    isLinked: (peer) => pairs.settled(peer) !== null,
    welcome: (peer) => {
      roster.welcome(peer)
      linking.pardon(peer)
    },
    tried: () => whole.encounters().founded(),
  })
  const discovery = buildDiscovery(whole, { pairs, list, roster, listening, remembered, own })
  const early = { waiters, clock, remembered, list, roster, pairs, linking, dataLinking, taskLinking, own, scores }
  return { ...early, tracker, listening, reachability, joining, discovery }
}

/** `servesHere`: it holds a rendezvous port of this machine. */
function heartbeatOf(
  whole: Whole,
  links: () => number,
  servesHere: (peer: PeerId) => boolean,
): (peer: PeerId) => HeartbeatOptions {
  const pace = (): number => paceMs(whole.pingIntervalMs, links())
  // whoever serves this machine has its place taken soon after it falls silent, however many links there are
  return (peer) => ({
    intervalMs: () => (servesHere(peer) ? whole.pingIntervalMs : pace()),
    silenceMs: () => silenceMs(pace()),
  })
}

function buildPairs(
  whole: Whole,
  roster: Roster,
  heartbeat: (peer: PeerId) => HeartbeatOptions,
  late: Pick<PairsHooks, 'drained' | 'answered' | 'pinged' | 'quiet'>,
): Pairs {
  return new Pairs(whole.env, 'control', heartbeat, {
    hello: whole.hello,
    twin: (weAreYounger) => whole.encounters().twin(weAreYounger),
    refuse: whole.refuse,
    up: (peer, hello, link) => whole.encounters().up(peer, hello, link),
    down: (peer, code, reason, by) => whole.encounters().down(peer, code, reason, by),
    failed: (peer, code, reason) => whole.encounters().failed(peer, code, reason),
    message: (peer, message) => whole.encounters().message(peer, message),
    drained: (peer) => {
      late.drained(peer)
      for (const protocol of whole.protocols()) protocol.linkDrained(peer)
    },
    data: whole.dataLink,
    answered: late.answered,
    pinged: late.pinged,
    quiet: late.quiet,
    remembers: (peer) => roster.isMember(peer),
  })
}

function buildDiscovery(
  whole: Whole,
  parts: Pick<Parts, 'pairs' | 'list' | 'roster' | 'listening' | 'remembered' | 'own'>,
): Discovery {
  const { pairs, list, roster, listening, remembered, own } = parts
  return new Discovery(whole.env, {
    met: (link) => whole.encounters().met(link),
    accepted: (link) => pairs.accepted(link),
    isHeldBy: (address, peer) => {
      const entry = list.get(peer)
      return pairs.settled(peer) !== null && (entry === undefined || entry.addresses.includes(address))
    },
    isAlone: () => pairs.linked().length === 0,
    familiar: () => {
      const familiar = new Set(whole.addresses())
      for (const port of listening.ports()) familiar.add(rendezvousAddress(port))
      for (const peer of roster.members()) for (const address of list.get(peer)?.addresses ?? []) familiar.add(address)
      return familiar
    },
    remembered: () => [...remembered.others()].flatMap(([, entry]) => entry.addresses),
    holdingChanged: () => own.refresh(),
  })
}
