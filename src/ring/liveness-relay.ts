/**
 * Pings by way of others: three are asked to ping a suspect, and whoever is asked does so once and says when it was
 * answered. Invariant: a vouch counts only from whom we asked, under the number that we asked with; what we do for others
 * is one ping for one question, so nobody multiplies traffic by us.
 */
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'

const HELPERS = 3
const MAX_ASKED = 64
const MAX_FAVOURS = 64
/** A later answer says nothing about now. */
const FAVOUR_MS = 1_000

interface Favour {
  readonly asker: PeerId
  /** Of its question. */
  readonly sequence: number
  readonly atMs: number
}

export class Relays {
  readonly #env: Pick<Env, 'now' | 'random' | 'datagrams'>
  /** Targets by helper and number of the question. */
  readonly #asked = new Map<string, PeerId>() // at most MAX_ASKED
  /** Questions of others by target and number of our ping. */
  readonly #favours = new Map<string, Favour>() // at most MAX_FAVOURS

  constructor(env: Pick<Env, 'now' | 'random' | 'datagrams'>) {
    this.#env = env
  }

  /** Has three of these peers, at random, ping that one. */
  ask(target: PeerId, helpers: Iterable<PeerId>): void {
    for (const [key, earlier] of this.#asked) if (earlier === target) this.#asked.delete(key)
    const shuffled = [...helpers].map((peer) => ({ peer, place: this.#env.random() })).sort((a, b) => a.place - b.place)
    let asked = 0
    for (const { peer } of shuffled) {
      if (asked === HELPERS) return
      const sequence = peer === target ? null : this.#env.datagrams.send(peer, { type: 'askPing', target })
      if (sequence === null) continue
      remember(this.#asked, MAX_ASKED, keyOf(peer, sequence), target)
      asked++
    }
  }

  /** Whom a vouch is for; undefined where we did not ask for it. */
  vouched(by: PeerId, answers: number): PeerId | undefined {
    const key = keyOf(by, answers)
    const target = this.#asked.get(key)
    this.#asked.delete(key)
    return target
  }

  /** Another peer asks us to ping one, by this ping of ours. */
  asked(asker: PeerId, sequence: number, target: PeerId, ping: number): void {
    remember(this.#favours, MAX_FAVOURS, keyOf(target, ping), { asker, sequence, atMs: this.#env.now() })
  }

  /** An ack came: tells whoever asked for it. */
  acked(by: PeerId, answers: number): void {
    const key = keyOf(by, answers)
    const favour = this.#favours.get(key)
    this.#favours.delete(key)
    if (favour === undefined || this.#env.now() - favour.atMs > FAVOUR_MS) return
    this.#env.datagrams.send(favour.asker, { type: 'vouch', answers: favour.sequence })
  }

  stop(): void {
    this.#asked.clear()
    this.#favours.clear()
  }
}

const keyOf = (peer: PeerId, sequence: number): string => `${peer} ${sequence}`

function remember<T>(map: Map<string, T>, most: number, key: string, value: T): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}
