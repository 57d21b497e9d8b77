/**
 * How soon a ring of real processes closes around one that dies. Frozen (SIGSTOP): all its sockets stand and the system
 * goes on taking what is sent to them, so nothing but silence tells; it is thawed and comes back before the next one.
 * Killed (SIGKILL): its sockets close. A death is bypassed when the first successor of the peer before it is the peer after
 * it, and closed when that one's first predecessor is right, too; each at the time at which the peer itself says so.
 */
import { mulberry } from '../../../test/ring/mulberry.js'
import { type PeerProcess, type RingOptions, UdpRing, wait } from './ring.js'
import { type News, type PeerView, sharedMs } from './words.js'

export interface DeathOptions extends Omit<RingOptions, 'seed'> {
  /** Rings at the same time. */
  readonly rings: number
  /** Of one ring, in one process. */
  readonly survivors: number
  /** Of one ring, in processes of their own. */
  readonly victims: number
  /** Over all rings. Each victim is killed in the end. */
  readonly freezes: number
}

export interface Deaths {
  readonly frozen: readonly Death[]
  readonly killed: readonly Death[]
  /** Live peers that were taken for dead by peers that were never frozen. */
  readonly falseDeaths: number
  /** Deaths in a ring where datagrams did not pass between some neighbours. */
  readonly unproven: number
  /** Largest 99th percentile and maximum of how late an event loop was. */
  readonly lagP99Ms: number
  readonly lagMaxMs: number
}

/** From the signal on. */
export interface Death {
  readonly bypassedMs: number
  readonly closedMs: number
}

const CLOSED_MS = 60_000
/** So long after a thaw, what was under way may still tell of a death. */
const AFTERMATH_MS = 5_000

export async function deaths(options: DeathOptions): Promise<Deaths> {
  const rings = Array.from({ length: options.rings }, (_, place) => new Mortal(options, place + 1))
  try {
    for (const ring of rings) await ring.start()
    let left = options.freezes
    const each = async (ring: Mortal): Promise<void> => {
      while (left-- > 0) await ring.freezeOne()
    }
    await Promise.all(rings.map(each))
    for (const ring of rings) await ring.killAll()
    const states = await Promise.all(rings.map((ring) => ring.survivors.state()))
    return {
      frozen: rings.flatMap(({ frozen }) => frozen),
      killed: rings.flatMap(({ killed }) => killed),
      falseDeaths: rings.reduce((sum, ring) => sum + ring.falseDeaths, 0),
      unproven: rings.reduce((sum, ring) => sum + ring.unproven, 0),
      lagP99Ms: Math.max(...states.map(({ lagP99Ms }) => lagP99Ms)),
      lagMaxMs: Math.max(...states.map(({ lagMaxMs }) => lagMaxMs)),
    }
  } finally {
    for (const ring of rings) ring.close()
  }
}

class Mortal {
  readonly frozen: Death[] = []
  readonly killed: Death[] = []
  falseDeaths = 0
  unproven = 0
  readonly #options: DeathOptions
  readonly #ring: UdpRing
  readonly #random: () => number
  readonly #victims: PeerProcess[] = []
  #survivors: PeerProcess | null = null
  /** Dead, or just back: until when it may be taken for dead. */
  readonly #excused = new Map<string, number>()
  #heard: (news: News) => void = () => {}

  constructor(options: DeathOptions, seed: number) {
    this.#options = options
    this.#ring = new UdpRing({ ...options, seed })
    this.#random = mulberry(seed)
    this.#ring.onNews = (news) => {
      if (news.what === 'departed' && this.#isFalse(news)) this.falseDeaths++
      this.#heard(news)
    }
  }

  get survivors(): PeerProcess {
    if (this.#survivors === null) throw new Error('not started')
    return this.#survivors
  }

  async start(): Promise<void> {
    const { survivors, victims } = this.#options
    this.#survivors = await this.#ring.add(names('live', survivors))
    for (const name of names('mortal', victims)) this.#victims.push(await this.#ring.add([name]))
    await this.#ring.settled()
    this.survivors.forgetLag()
  }

  async freezeOne(): Promise<void> {
    const victim = this.#victims[Math.floor(this.#random() * this.#victims.length)]!
    const peers = await this.#restful()
    this.frozen.push(await this.#dies(victim, peers, 'SIGSTOP'))
    victim.signal('SIGCONT')
    this.#excuse(victim, sharedMs() + AFTERMATH_MS)
  }

  async killAll(): Promise<void> {
    for (let victim = this.#victims.pop(); victim !== undefined; victim = this.#victims.pop()) {
      const peers = await this.#restful()
      this.#ring.processes.splice(this.#ring.processes.indexOf(victim), 1)
      this.killed.push(await this.#dies(victim, peers, 'SIGKILL'))
    }
  }

  close(): void {
    this.#ring.close()
  }

  /** The ring is right, and the next death falls anywhere into an interval. */
  async #restful(): Promise<readonly PeerView[]> {
    const peers = await this.#ring.settled()
    if (peers.some(({ proven }) => !proven)) this.unproven++
    await wait(this.#random() * this.#options.intervalMs)
    return peers
  }

  #dies(victim: PeerProcess, peers: readonly PeerView[], signal: 'SIGSTOP' | 'SIGKILL'): Promise<Death> {
    const [who = ''] = victim.names
    const place = peers.findIndex(({ name }) => name === who)
    const [before, after] = [peers.at(place - 1)!.name, peers[(place + 1) % peers.length]!.name]
    this.#excuse(victim, Number.POSITIVE_INFINITY)
    const sinceMs = sharedMs()
    victim.signal(signal)
    return new Promise((resolve, reject) => {
      const rightAfterMs = new Map<string, number>()
      const fail = (): void => reject(new Error(`no ring around ${who} in ${CLOSED_MS} ms`))
      const timer = setTimeout(fail, CLOSED_MS)
      this.#heard = ({ by, what, who: next, atMs }) => {
        const isRight =
          (by === before && what === 'first successor' && next === after) ||
          (by === after && what === 'first predecessor' && next === before)
        if (!isRight) return
        rightAfterMs.set(what, atMs - sinceMs)
        const [bypassedMs, otherMs] = [rightAfterMs.get('first successor'), rightAfterMs.get('first predecessor')]
        if (bypassedMs === undefined || otherMs === undefined) return
        clearTimeout(timer)
        this.#heard = () => {}
        resolve({ bypassedMs, closedMs: Math.max(bypassedMs, otherMs) })
      }
    })
  }

  #excuse(victim: PeerProcess, untilMs: number): void {
    for (const name of victim.names) this.#excused.set(name, untilMs)
  }

  #isFalse({ by, who, atMs }: News): boolean {
    const isExcused = (name: string): boolean => atMs < (this.#excused.get(name) ?? 0)
    return !isExcused(by) && !isExcused(who)
  }
}

const names = (kind: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, place) => `${kind}-${place}`)
