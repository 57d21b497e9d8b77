/**
 * Questions about stored names over links with the manifests task of a real anchor, several under way on each link, and
 * the same with pings, which cost the task nothing but the answer. Every answer must be a good one.
 */
import type { AnchorView } from '../../../src/anchor/process/supervisor.js'
import { within } from '../../../test/wire/support.js'
import type { Message } from '../../../wire/messages.js'
import type { Address } from '../../../wire/types.js'
import { percentile } from '../report.js'
import { asked, untilAnswer } from './anchor-status.js'
import { Guest, membershipOf } from './guest.js'
import { type StoredName, storeNames } from './names.js'
import type { Started } from './started.js'
import { inTurns } from './turns.js'

/** A link may send 5,000 frames a second, so one alone would be cut off before the task is busy. */
const LINKS = 24
const UNDER_WAY = 4
const KNOWN_MS = 30_000
const REST_MS = 1_100
const ANSWERED_MS = 120_000

export interface Questions {
  readonly names: number
  readonly asked: number
  readonly perSecond: number
  readonly p99Ms: number
  /** One link, one question at a time. */
  readonly aloneP99Ms: number
  readonly pingsPerSecond: number
  readonly storedPerSecond: number
}

export async function questions(started: Started, names: number, count: number): Promise<Questions> {
  const { cluster, anchor } = started
  const address = await manifestsOf(started)
  const membership = membershipOf(cluster)
  const guests = Array.from({ length: LINKS }, (_, place) => new Guest(membership, `asker-${place}`))
  for (const guest of guests) await guest.enter(address, anchor.id, 'manifests')
  try {
    const since = performance.now()
    const stored = await storeNames(guests[0] as Guest, names)
    const storedPerSecond = names / ((performance.now() - since) / 1000)
    await untilAnswer(
      `${names} manifests`,
      () => asked<AnchorView>(anchor, ['anchor', 'status']),
      ({ manifests }) => manifests === names,
      KNOWN_MS,
      100,
    )
    const askers = guests.map((guest) => new Asker(guest))
    const pings = [await run(askers, count, (asker) => asker.ping())]
    await run(askers, count, (asker, turn) => asker.question(turn, stored)) // warm
    const measured = await run(askers, count, (asker, turn) => asker.question(turn, stored))
    pings.push(await run(askers, count, (asker) => asker.ping()))
    const alone = await run(askers.slice(0, 1), names, (asker, turn) => asker.question(turn, stored), 1)
    return {
      names,
      asked: count,
      perSecond: measured.perSecond,
      p99Ms: percentile(measured.tookMs, 0.99),
      aloneP99Ms: percentile(alone.tookMs, 0.99),
      pingsPerSecond: pings.reduce((sum, { perSecond }) => sum + perSecond, 0) / pings.length,
      storedPerSecond,
    }
  } finally {
    for (const guest of guests) guest.leave()
  }
}

/** Its entry says where: what every peer learns when it joins. */
async function manifestsOf({ cluster, anchor }: Started): Promise<Address> {
  const guest = new Guest(membershipOf(cluster), 'looker')
  const found = new Promise<Address>((resolve, reject) => {
    guest.heard = (message) => {
      if (message.type !== 'syn') return
      const task = message.entry.tasks.find(({ service }) => service === 'manifests')
      if (task === undefined) reject(new Error('the anchor names no manifests task'))
      else resolve(task.address)
    }
  })
  if (anchor.address === null) throw new Error('the anchor has no address')
  await guest.enter(anchor.address, anchor.id, 'control')
  guest.say({ type: 'syn', entry: guest.entry })
  const address = await within("the anchor's entry", found)
  guest.leave()
  return address
}

/** Asks over one link; whatever answers is looked up by its number. */
class Asker {
  readonly #guest: Guest
  readonly #waiting = new Map<number, (answer: Message) => void>() // one for each question under way
  #request = 0

  constructor(guest: Guest) {
    this.#guest = guest
    guest.heard = (message) => {
      const number = 'request' in message ? message.request : message.type === 'pong' ? message.sequence : null
      if (number === null) return
      this.#waiting.get(number)?.(message)
      this.#waiting.delete(number)
    }
  }

  get lost(): Promise<never> {
    return this.#guest.lost
  }

  async ping(): Promise<void> {
    const sequence = ++this.#request
    const answer = await this.#ask(sequence, { type: 'ping', sequence })
    if (answer.type !== 'pong') throw new Error(`a ping was answered with ${answer.type}`)
  }

  /** The three questions in turn, about one name after the other. */
  async question(turn: number, stored: readonly StoredName[]): Promise<void> {
    const { name, manifest } = stored[turn % stored.length] as StoredName
    const request = ++this.#request
    const kind = request % 3
    const answer = await this.#ask(
      request,
      kind === 0
        ? { type: 'nameFind', request, name }
        : { type: kind === 1 ? 'manifestGet' : 'holdersGet', request, manifest },
    )
    const isGood =
      kind === 0
        ? answer.type === 'nameFound' && answer.registers.length === 1
        : kind === 1
          ? answer.type === 'manifestIs' && answer.manifest !== null
          : answer.type === 'holdersAre' && answer.holders.length === 1
    if (!isGood) throw new Error(`no answer about ${name}: ${JSON.stringify(answer)}`)
  }

  #ask(number: number, message: Message): Promise<Message> {
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve)
      this.#guest.say(message)
    })
  }
}

interface Run {
  readonly perSecond: number
  readonly tookMs: readonly number[]
}

async function run(
  askers: readonly Asker[],
  count: number,
  ask: (asker: Asker, turn: number) => Promise<void>,
  underWay = UNDER_WAY,
): Promise<Run> {
  // what a link sent in this second counts for the limit
  await new Promise((resolve) => setTimeout(resolve, REST_MS))
  const tookMs: number[] = []
  const since = performance.now()
  const all = inTurns(count, askers.length * underWay, async (turn) => {
    const asker = askers[turn % askers.length] as Asker
    const begun = performance.now()
    await ask(asker, turn)
    tookMs.push(performance.now() - begun)
  })
  await within(`${count} answers`, Promise.race([all, ...askers.map(({ lost }) => lost)]), ANSWERED_MS)
  return { perSecond: count / ((performance.now() - since) / 1000), tookMs }
}
