/**
 * Finds the others without being told, and keeps looking for ever. All eight rendezvous ports of this machine are probed
 * at once; where no peer of the network answers, this one takes the lowest free port and probes all again.
 * Anchors are a set, never an authority: two that took ports at one moment find each other and the higher port is given
 * back; when the holder dies or freezes, the next round of whoever noticed first takes its place.
 * Invariant: a port is only given back to a peer that proved to be of this network on a lower one.
 */
import type { Address, PeerId } from '../../wire/types.js'
import type { Cancel, DialFailure, Env, Link, LinkHandler, Listener } from '../env.js'
import { isLoopback } from './address.js'
import { DIAL_TIMEOUT_MS } from './dialer.js'
import { rendezvousAddress, rendezvousPorts } from './rendezvous.js'

const PROBE_MS = 300
/** Second look after binding: better slow than wrong. */
const SECOND_PROBE_MS = 1000
const PERIOD_MS = 5000
/** While nobody is linked, the first rounds follow faster. */
const LONELY_PERIOD_MS = 1000
const LONELY_ROUNDS = 10
/** After the holder of the local port is gone, each waits a random part of this. */
const RACE_MS = 200
/** Somebody took the port that was free a moment ago: asked this often before the next one is tried. */
const REPROBES = 3
const REPROBE_MS = 40
/** This user's other peers, and those of earlier runs, to try in one round. */
const MAX_PROBED_PEERS = 16
/** Of earlier runs, while others are linked. */
const FEW_PEERS = 2

type Answer = PeerId | DialFailure
type Answers = ReadonlyMap<number, Answer>

export interface DiscoveryHooks {
  /** Begins to use a fresh link; it is known to be of this network. */
  met(link: Link): LinkHandler
  /** Whether the peer that once answered there is linked now and still says that it listens there. */
  isHeldBy(address: Address, peer: PeerId): boolean
  isAlone(): boolean
  /** Addresses of members and our own: nothing new is to be found there. */
  familiar(): ReadonlySet<Address>
  /** Where peers of earlier runs were. */
  remembered(): readonly Address[]
  /** A link came in on the rendezvous port. */
  accepted(link: Link): LinkHandler
  /** We hold another rendezvous port, or none, from now on. */
  holdingChanged(): void
}

export class Discovery {
  readonly #env: Env
  readonly #hooks: DiscoveryHooks
  readonly #ports: readonly number[]
  /** Who answered on a port last. */
  readonly #holders = new Map<number, PeerId>() // by rendezvous port: at most eight
  readonly #dials = new Set<Cancel>() // those of a few rounds, each ends by itself
  #holding: { readonly port: number; readonly listener: Listener } | null = null
  #timer: Cancel | null = null
  #dueAt = 0
  #running = false
  /** Somebody asked for a round while one was running. */
  #again = false
  #rounds = 0
  #stopped = false
  #firstRound: (found: boolean) => void = () => {}

  constructor(env: Env, hooks: DiscoveryHooks) {
    this.#env = env
    this.#hooks = hooks
    this.#ports = rendezvousPorts(env.network.tag)
  }

  /** `first` follows after the first round: whether anybody answered. */
  start(first: (found: boolean) => void): void {
    this.#firstRound = first
    this.#round()
  }

  /** The rendezvous port that we hold. */
  get port(): number | null {
    return this.#holding?.port ?? null
  }

  /** The link to that peer is gone: where it held a local port, race for the succession. */
  gone(peer: PeerId): void {
    for (const [port, holder] of this.#holders) {
      if (holder !== peer) continue
      this.#holders.delete(port)
      this.nudge(this.#env.random() * RACE_MS)
    }
  }

  /** That peer fell silent: where it holds a local port, see whether it still answers there. */
  doubt(peer: PeerId): void {
    if (this.isHolder(peer)) this.gone(peer)
  }

  /** Whether that peer answered on a rendezvous port of this machine. */
  isHolder(peer: PeerId): boolean {
    return [...this.#holders.values()].includes(peer)
  }

  /** Look again soon: something says that there is something to find. */
  nudge(delayMs: number): void {
    if (this.#stopped) return
    if (this.#running) this.#again = true
    else if (this.#timer === null || this.#dueAt > this.#env.now() + delayMs) this.#schedule(delayMs)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.()
    for (const cancel of this.#dials) cancel()
    this.#dials.clear()
    this.#holding?.listener.close()
    this.#holding = null
  }

  // ---- one round

  #schedule(delayMs: number): void {
    this.#timer?.()
    this.#dueAt = this.#env.now() + delayMs
    this.#timer = this.#env.after(delayMs, () => {
      this.#timer = null
      this.#round()
    })
  }

  #round(): void {
    this.#running = true
    let waiting = 2
    let answers: Answers = new Map()
    let found = false
    const ready = (): void => {
      waiting--
      if (waiting === 0 && !this.#stopped) this.#judge(answers, found)
    }
    this.#probePeers((any) => {
      found = any
      ready()
    })
    this.#probePorts(this.#ports, PROBE_MS, (all) => {
      answers = all
      ready()
    })
  }

  #judge(answers: Answers, found: boolean): void {
    const lowest = this.#lowestHolder()
    if (this.#holding !== null && lowest !== undefined && lowest < this.#holding.port) this.#giveBack(lowest)
    if (this.#holding === null && lowest === undefined) this.#take(answers, 0, found)
    else this.#finish(found || lowest !== undefined)
  }

  #finish(found: boolean): void {
    this.#running = false
    const first = this.#firstRound
    this.#firstRound = () => {}
    const lonely = this.#hooks.isAlone() && this.#rounds < LONELY_ROUNDS
    this.#rounds++
    const period = this.#again ? 0 : lonely ? LONELY_PERIOD_MS : PERIOD_MS
    const delay = this.#again ? this.#env.random() * RACE_MS : period * (0.8 + 0.4 * this.#env.random())
    this.#again = false
    this.#schedule(delay)
    first(found)
  }

  // ---- taking and giving back a port

  /** Binds the lowest free port from the `place`th on, then looks again whether somebody did the same meanwhile. */
  #take(answers: Answers, place: number, found: boolean, reprobes = 0): void {
    const port = this.#ports[place]
    if (this.#stopped) return
    if (port === undefined) {
      this.#env.log(
        'warn',
        'other programs use all eight rendezvous ports: new peers here need --join to find this one',
      )
      this.#finish(found)
      return
    }
    this.#env.links.listen(rendezvousAddress(port), {
      accepted: (link) => this.#hooks.accepted(link),
      listening: (listener) => this.#took(port, listener, found),
      failed: (reason) => {
        if (this.#stopped) return
        // It was free when we probed: whoever took it since is likely one of us.
        const justTaken = reason === 'in-use' && answers.get(port) === 'refused' && reprobes < REPROBES
        if (justTaken) this.#probeAgain(answers, place, found, reprobes)
        else this.#take(answers, place + 1, found)
      },
    })
  }

  #probeAgain(answers: Answers, place: number, found: boolean, reprobes: number): void {
    const port = this.#ports[place]
    if (port === undefined) return
    this.#env.after(REPROBE_MS * (1 + this.#env.random()), () => {
      this.#probePorts([port], PROBE_MS, () => {
        if (this.#stopped) return
        if (this.#lowestHolder() !== undefined) this.#finish(true)
        else this.#take(answers, place, found, reprobes + 1)
      })
    })
  }

  #took(port: number, listener: Listener, found: boolean): void {
    if (this.#stopped) {
      listener.close()
      return
    }
    this.#holding = { port, listener }
    this.#hooks.holdingChanged()
    this.#probePorts(this.#ports, SECOND_PROBE_MS, () => {
      if (this.#stopped) return
      const lowest = this.#lowestHolder()
      if (lowest !== undefined && lowest < port) this.#giveBack(lowest)
      this.#finish(found || lowest !== undefined)
    })
  }

  #giveBack(lower: number): void {
    const holding = this.#holding
    if (holding === null) return
    this.#holding = null
    holding.listener.close()
    this.#env.log('debug', `gave port ${holding.port} back: another anchor of this machine has ${lower}`)
    this.#hooks.holdingChanged()
  }

  /** The lowest rendezvous port at which another peer of the network answers, or answered and still has it. */
  #lowestHolder(): number | undefined {
    return this.#ports.find((port) => this.#holders.has(port))
  }

  // ---- probes

  /** Asks all given ports at once, except our own and those whose holder we are linked with. */
  #probePorts(ports: readonly number[], timeoutMs: number, done: (answers: Answers) => void): void {
    const answers = new Map<number, Answer>()
    let open = 1
    const ready = (): void => {
      open--
      if (open === 0) done(answers)
    }
    for (const port of ports) {
      const address = rendezvousAddress(port)
      const holder = this.#holders.get(port)
      if (port === this.#holding?.port || (holder !== undefined && this.#hooks.isHeldBy(address, holder))) continue
      open++
      this.#probe(address, timeoutMs, (answer, peer) => {
        answers.set(port, answer)
        if (peer === null) this.#holders.delete(port)
        else this.#holders.set(port, peer)
        ready()
      })
    }
    this.#env.after(0, ready)
  }

  /** Other peers of this user on this machine, and those of earlier runs; from far nobody is waited for. */
  #probePeers(done: (found: boolean) => void): void {
    this.#env.localPeers((addresses) => {
      if (this.#stopped) return
      const most = this.#hooks.isAlone() ? MAX_PROBED_PEERS : FEW_PEERS
      const old = this.#some(this.#hooks.remembered(), most)
      const some = [...new Set([...this.#some(addresses, MAX_PROBED_PEERS), ...old])]
      let open = 1
      let found = false
      const ready = (): void => {
        open--
        if (open === 0) done(found)
      }
      for (const address of some) {
        const isNear = isLoopback(address)
        if (isNear) open++
        this.#probe(address, isNear ? PROBE_MS : DIAL_TIMEOUT_MS, (_, peer) => {
          if (peer !== null) found = true
          if (isNear) ready()
        })
      }
      ready()
    })
  }

  /** At most `most` of the addresses where somebody new may be, from a random place on. */
  #some(addresses: readonly Address[], most: number): readonly Address[] {
    const familiar = this.#hooks.familiar()
    const fresh = addresses.filter((address) => !familiar.has(address))
    const start = Math.floor(this.#env.random() * fresh.length)
    return [...fresh.slice(start), ...fresh.slice(0, start)].slice(0, most)
  }

  #probe(address: Address, timeoutMs: number, done: (answer: Answer, peer: PeerId | null) => void): void {
    let over = false
    const finish = (answer: Answer, peer: PeerId | null): void => {
      if (over) return
      over = true
      this.#dials.delete(cancel)
      if (!this.#stopped) done(answer, peer)
    }
    const cancel = this.#env.links.dial(address, {
      service: 'control',
      timeoutMs,
      opened: (link) => {
        // Links are used before the answer is judged: whoever decides on it finds the pair already there.
        const handler = this.#hooks.met(link)
        const isOther = link.peer !== this.#env.identity.id
        finish(isOther ? link.peer : 'closed', isOther ? link.peer : null)
        return handler
      },
      failed: (failure) => finish(failure, null),
    })
    this.#dials.add(cancel)
  }
}
