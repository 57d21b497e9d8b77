/**
 * A peer that listens over real TLS, a good peer that pings it all the time, and a watch over the memory of the
 * process: whatever the hostile ones do, pings are answered and memory stays flat.
 */
import * as assert from 'node:assert'
import type { Link, LinkHandler } from '../../src/env.js'
import { TcpTransport } from '../../wire/transport-tcp.js'
import type { Address } from '../../wire/types.js'
import { dialed, newIdentity, newPsk, Recorder, type TestIdentity, until } from '../wire/support.js'

const PING_EVERY_MS = 10
/** Generous: the attackers live in this process too. */
const MOST_RSS_GROWTH_BYTES = 250 << 20
const MOST_EXTERNAL_GROWTH_BYTES = 150 << 20

export interface Refusal {
  readonly remote: string
  readonly reason: string
}

export class Scene {
  readonly psk = newPsk()
  readonly identity: TestIdentity = newIdentity()
  readonly refusals: Refusal[] = []
  readonly accepted: Recorder[] = []
  readonly victim = new TcpTransport({
    psk: this.psk,
    identity: this.identity,
    refused: (remote, reason) => this.refusals.push({ remote, reason }),
  })
  readonly #goodPeer = new TcpTransport({ psk: this.psk, identity: newIdentity() })
  address = '127.0.0.1:1' as Address
  /** Which accepted links pass their greeting at once. */
  promote = true
  /** Replaces the handler of an accepted link. */
  handler: (link: Link) => LinkHandler | null = () => null
  #good: Recorder | null = null
  #timer: NodeJS.Timeout | undefined
  #sequence = 0
  #start = process.memoryUsage()
  #most = process.memoryUsage()

  static async open(): Promise<Scene> {
    const scene = new Scene()
    await new Promise<void>((resolve, reject) => {
      scene.victim.listen('127.0.0.1:0', {
        listening: ({ address }) => {
          scene.address = address
          resolve()
        },
        failed: (reason) => reject(new Error(reason)),
        accepted: (link) => scene.#accepted(link),
      })
    })
    await scene.#greet()
    return scene
  }

  get port(): number {
    return Number(this.address.split(':')[1])
  }

  /** The link of the hostile peer that came last, as its victim sees it. */
  last(): Recorder {
    const recorder = this.accepted.at(-1)
    assert.ok(recorder !== undefined)
    return recorder
  }

  /** The good peer's pings are answered, after whatever happened and while it still happens. */
  async isWell(): Promise<void> {
    const before = this.#answered
    await until('the good peer to be answered', () => this.#answered >= before + 5)
    assert.equal(this.#good?.end, null)
    const grown = this.#most.rss - this.#start.rss
    assert.ok(grown < MOST_RSS_GROWTH_BYTES, `${grown >> 20} MiB more resident memory`)
    const external = this.#most.external - this.#start.external
    assert.ok(external < MOST_EXTERNAL_GROWTH_BYTES, `${external >> 20} MiB more buffers`)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#goodPeer.close()
    await this.victim.close()
  }

  get #answered(): number {
    return this.#good?.messages.length ?? 0
  }

  #accepted(link: Link): LinkHandler {
    const recorder = new Recorder(link)
    const first = this.#good === null
    if (!first) this.accepted.push(recorder)
    if (first || this.promote) link.promote('control')
    return (first ? null : this.handler(link)) ?? recorder
  }

  async #greet(): Promise<void> {
    const good = await dialed(this.#goodPeer, this.address)
    this.#good = good
    this.#start = process.memoryUsage()
    this.#most = this.#start
    this.#timer = setInterval(() => {
      good.link.send({ type: 'ping', sequence: this.#sequence++ })
      const now = process.memoryUsage()
      this.#most = {
        ...now,
        rss: Math.max(now.rss, this.#most.rss),
        external: Math.max(now.external, this.#most.external),
      }
    }, PING_EVERY_MS)
  }
}
