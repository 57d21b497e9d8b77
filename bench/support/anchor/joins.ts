/**
 * Joins at a real anchor: peers of made-up identities that link with its admission, register and get the whole list, as
 * fast as it goes, 16 at a time. They close their links as peers do that need none, and stay listed: what that costs in
 * memory is the second figure.
 */
import { within } from '../../../test/wire/support.js'
import type { Address } from '../../../wire/types.js'
import { anonymousMegabytes, cpuSeconds } from '../process-figures.js'
import { processOf, untilAnswer } from './anchor-status.js'
import { Guest, type Membership, membershipOf } from './guest.js'
import { handshakes } from './handshakes.js'
import type { Started } from './started.js'
import { inTurns } from './turns.js'

const AT_ONCE = 16
/** Not counted: the process gets warm, and its heap as large as it needs to be. */
const WARM_UP = 200
/** They stay, one after the other: each is told to all that are there. */
const LINKED = 256
const COUNTED_MS = 30_000
const LOOK_MS = 100
/** For garbage to be collected, where the process does that by itself. */
const REST_MS = 3_000

export interface Joins {
  readonly count: number
  readonly perSecond: number
  /** With so many known already: of the first tenth and of the last. */
  readonly firstPerSecond: number
  readonly lastPerSecond: number
  /** Of admission, a join. */
  readonly cpuMs: number
  readonly handshakesPerSecond: number
  readonly megabytesPerThousand: number
  /** Of those that keep their link. */
  readonly megabytesPerThousandLinked: number
}

export async function joins({ cluster, anchor }: Started, count: number): Promise<Joins> {
  const membership = membershipOf(cluster)
  const { address } = anchor
  if (address === null) throw new Error('the anchor has no address')
  const guests = Array.from({ length: WARM_UP + 2 * count }, (_, place) => new Guest(membership, `guest-${place}`))
  const { pid } = await processOf(anchor, 'admission')
  await joinAll(guests.slice(0, WARM_UP), address, anchor)
  await settle(anchor, WARM_UP)
  const cpuBefore = cpuSeconds(pid)
  const bare = [await handshakes(membership.psk, count, AT_ONCE)]
  const ends = await joinAll(guests.slice(WARM_UP, WARM_UP + count), address, anchor)
  const cpu = cpuSeconds(pid)
  bare.push(await handshakes(membership.psk, count, AT_ONCE))
  // the heap has grown to what so many at once need: what comes now is what stays of each
  await settle(anchor, WARM_UP + count)
  const memoryBefore = anonymousMegabytes(pid)
  await joinAll(guests.slice(WARM_UP + count), address, anchor)
  await settle(anchor, guests.length)
  const memory = anonymousMegabytes(pid)
  const linked = await stay(membership, address, anchor)
  await settle(anchor, guests.length + LINKED)
  const linkedMemory = anonymousMegabytes(pid)
  for (const guest of linked) guest.leave()
  if (memoryBefore === null || cpuBefore === null || memory === null || cpu === null || linkedMemory === null)
    throw new Error('the process tells nothing of itself: this bench needs Linux')
  return {
    count,
    perSecond: rate(ends, 0, count),
    firstPerSecond: rate(ends, 0, Math.floor(count / 10)),
    lastPerSecond: rate(ends, count - Math.floor(count / 10), count),
    cpuMs: ((cpu - cpuBefore) / count) * 1000,
    handshakesPerSecond: bare.reduce((sum, one) => sum + one, 0) / bare.length,
    megabytesPerThousand: ((memory - memoryBefore) / count) * 1000,
    megabytesPerThousandLinked: ((linkedMemory - memory) / LINKED) * 1000,
  }
}

/** The begin, and when each join was through. */
async function joinAll(guests: readonly Guest[], address: Address, { id }: Started['anchor']): Promise<number[]> {
  const ends = [performance.now()]
  await inTurns(guests.length, AT_ONCE, async (turn) => {
    await join(guests[turn] as Guest, address, id)
    ends.push(performance.now())
  })
  return ends
}

/** Until the list is here and the SYN was read: the pong comes after it. */
async function join(guest: Guest, address: Address, id: Started['anchor']['id']): Promise<void> {
  const joined = new Promise<void>((resolve) => {
    let [isListed, isRead] = [false, false]
    // the list may come in one read with the word that settles the link
    guest.heard = (message) => {
      if (message.type === 'peers' && message.complete === 'whole') isListed = true
      if (message.type === 'pong') isRead = true
      if (isListed && isRead) resolve()
    }
  })
  await guest.enter(address, id, 'control')
  guest.say({ type: 'syn', entry: guest.entry })
  guest.say({ type: 'ping', sequence: 1 })
  await within('the list and the pong', joined)
  guest.leave()
}

async function stay(membership: Membership, address: Address, { id }: Started['anchor']): Promise<readonly Guest[]> {
  const guests = Array.from({ length: LINKED }, (_, place) => new Guest(membership, `resident-${place}`))
  for (const guest of guests) {
    await guest.enter(address, id, 'control')
    guest.say({ type: 'syn', entry: guest.entry })
  }
  return guests
}

/** All are counted and listed. */
async function settle(anchor: Started['anchor'], served: number): Promise<void> {
  await untilAnswer(
    `${served} SYNs to be counted`,
    () => processOf(anchor, 'admission'),
    (admission) => admission.served >= served && admission.queued === 0,
    COUNTED_MS,
    LOOK_MS,
  )
  await new Promise((resolve) => setTimeout(resolve, REST_MS))
}

const rate = (ends: readonly number[], from: number, to: number): number =>
  (to - from) / (((ends[to] ?? Number.NaN) - (ends[from] ?? Number.NaN)) / 1000)
