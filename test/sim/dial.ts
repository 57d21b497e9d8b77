/** One attempt of a simulated peer to open a link: what may happen to it on the way, and how long that takes. */
import type { DialFailure, DialOptions } from '../../src/env.js'
import type { Address } from '../../wire/types.js'
import type { Face, Listening, SimNetwork } from './network.js'
import { mix, unit } from './random.js'

const HANDSHAKE_MS = 3
const SYN_RETRY_MS = 1000

/** One attempt to reach an address: connect, prove, or fail in one of the ways that users are told about. */
export class Dial {
  #over = false
  readonly #timer: () => void
  readonly #key: number

  constructor(
    private readonly network: SimNetwork,
    private readonly face: Face,
    private readonly address: Address,
    private readonly options: DialOptions,
  ) {
    const { process } = face
    this.#key = mix(process.index, process.life, network.serialFor(process), 6)
    this.#timer = process.after(options.timeoutMs, () => this.#fail('timeout', `${address} does not answer`))
    this.#syn(0)
  }

  readonly cancel = (): void => {
    this.#finish(() => this.options.failed('cancelled', 'not wanted any more'))
  }

  /** A connection request reaches the machine, or is lost and sent again. */
  #syn(tries: number): void {
    const { network, face } = this
    const lost = unit(network.seed, this.#key, tries, 7) < network.loss
    const delay = lost ? SYN_RETRY_MS * 2 ** tries : HANDSHAKE_MS * unit(network.seed, this.#key, tries, 8)
    network.schedule.at(network.schedule.now + delay, 'syn', face.process.index, () => {
      if (this.#over || face.process.dead) return
      if (lost) this.#syn(tries + 1)
      else this.#knock(tries)
    })
  }

  #knock(tries: number): void {
    const { network, face } = this
    const found = network.find(face.host, this.address)
    if (found === 'silent') return
    if (found === 'unknown-host') this.#fail('unknown-host', `no machine is called ${this.address}`)
    else if (found === 'refused') this.#fail('refused', `nothing listens at ${this.address}`)
    else if (network.severed(face.process, found.face.process) || network.severed(found.face.process, face.process)) {
      network.schedule.at(network.schedule.now + SYN_RETRY_MS * 2 ** tries, 'syn', face.process.index, () => {
        if (!this.#over && !face.process.dead) this.#knock(tries + 1)
      })
    } else this.#shake(found)
  }

  /** TCP, TLS and the introduction: three ways and some work. */
  #shake(found: Listening): void {
    const { network, face } = this
    const { process } = found.face
    const way = network.latency(face.process, process, this.#key)
    process.at(network.schedule.now + 3 * way + HANDSHAKE_MS, 'accept', () => this.#accept(found, way))
  }

  #accept(listening: Listening, way: number): void {
    const { network, face, options } = this
    const there = listening.face
    if (this.#over || face.process.dead || network.severed(there.process, face.process)) return
    if (there.networkTag !== face.networkTag) {
      this.#fail('wrong-network', 'another network secret')
      return
    }
    if (options.expect !== undefined && options.expect !== there.id) {
      this.#fail('wrong-peer', `another peer answers at ${this.address}`)
      return
    }
    const openedAt = network.schedule.now + way
    const [dialed, accepted] = network.join(face, listening, openedAt)
    accepted.open(listening.accepted(accepted))
    face.process.at(openedAt, 'opened', () => {
      if (this.#over) {
        dialed.close('normal', 'not wanted any more')
        return
      }
      this.#over = true
      this.#timer()
      dialed.open(options.opened(dialed))
    })
  }

  #fail(failure: DialFailure, detail: string): void {
    this.#finish(() => this.options.failed(failure, detail))
  }

  #finish(tell: () => void): void {
    if (this.#over) return
    this.#over = true
    this.#timer()
    this.face.process.at(this.network.schedule.now, 'dial', tell)
  }
}
