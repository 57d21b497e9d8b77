/**
 * The core's links over the transport. Adds what only the host knows: a refused chunk goes to the data path, and the
 * first address we listen on goes to the runtime directory, where this user's other peers find it.
 */
import type { Message } from '../../wire/messages.js'
import type { Transport } from '../../wire/transport.js'
import type { Address } from '../../wire/types.js'
import type { Cancel, DialOptions, Link, LinkHandler, Links, Listener, ListenOptions } from '../env.js'
import type { HostChunks } from './chunks/host-chunks.js'
import type { Announcement } from './runtime.js'

export interface HostLinksOptions {
  readonly transport: Transport
  readonly chunks: HostChunks
  readonly announcement: Announcement
}

export class HostLinks implements Links {
  readonly #options: HostLinksOptions
  readonly #listening = new Set<Address>()

  constructor(options: HostLinksOptions) {
    this.#options = options
  }

  dial(address: Address, options: DialOptions): Cancel {
    const opened = (link: Link): LinkHandler => this.#withChunks(options.opened(link))
    return this.#options.transport.dial(address, { ...options, opened, failed: (...why) => options.failed(...why) })
  }

  listen(address: Address | `${string}:0`, options: ListenOptions): void {
    this.#options.transport.listen(address, {
      listening: (listener) => options.listening(this.#announced(listener)),
      failed: (...why) => options.failed(...why),
      accepted: (link) => this.#withChunks(options.accepted(link)),
    })
  }

  #announced(listener: Listener): Listener {
    const { address } = listener
    this.#listening.add(address)
    this.#announce()
    return {
      address,
      close: () => {
        listener.close()
        this.#listening.delete(address)
        this.#announce()
      },
    }
  }

  #announce(): void {
    const [address = null] = this.#listening
    if (this.#options.announcement.entry.address !== address) this.#options.announcement.update({ address })
  }

  #withChunks(handler: LinkHandler): LinkHandler {
    return {
      message: (link: Link, message: Message) => {
        if (message.type === 'chunkRefused') this.#options.chunks.refused(link, message.request)
        else handler.message(link, message)
      },
      drained: (link) => handler.drained(link),
      closed: (...end) => handler.closed(...end),
    }
  }
}
