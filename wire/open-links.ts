/** The introduced links of a transport, at most `most`: what there is to close at the end. */
import type { LinkHandler } from '../src/env.js'
import { InFlight } from './in-flight.js'
import { Introduction, type IntroductionOptions, type LinkIdentity } from './introduction.js'
import { LINKS } from './limits.js'
import type { LinkCore } from './link-core.js'
import type { BytePipe } from './pipe.js'

export interface OpenOptions extends Pick<IntroductionOptions, 'dialed' | 'expect' | 'introduced' | 'failed'> {}

export class OpenLinks {
  readonly #identity: LinkIdentity
  readonly #inFlight = new InFlight()
  readonly #most: number
  /** At most `most`: `hasRoom` is asked before each. */
  readonly #links = new Set<LinkCore>()
  #emptied: (() => void) | null = null

  constructor(identity: LinkIdentity, most = LINKS) {
    this.#identity = identity
    this.#most = most
  }

  /** Introduces both ends of a fresh pipe and keeps the link. */
  introduce(pipe: BytePipe, options: OpenOptions): Introduction {
    return new Introduction(pipe, {
      ...options,
      identity: this.#identity,
      inFlight: this.#inFlight,
      hasRoom: () => this.#links.size < this.#most && this.#emptied === null,
      introduced: (link) => this.#opened(link, options.introduced(link)),
    })
  }

  /** Closes all; settles when their connections are gone. No link is opened any more. */
  async close(): Promise<void> {
    const empty = new Promise<void>((resolve) => {
      this.#emptied = resolve
    })
    if (this.#links.size === 0) return
    for (const link of this.#links) link.close('leaving', 'the peer closes')
    await empty
  }

  #opened(link: LinkCore, handler: LinkHandler): LinkHandler {
    this.#links.add(link)
    link.onEnded = () => {
      this.#links.delete(link)
      if (this.#links.size === 0) this.#emptied?.()
    }
    return handler
  }
}
