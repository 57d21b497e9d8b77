/**
 * The core's links over the transport. Adds what only the host knows: a refused chunk or block goes to the data path, each
 * listener has a UDP socket on its port number, and the first address we listen on goes to the runtime directory, where
 * this user's other peers find it.
 */
import { LinkCore } from '../../wire/link-core.js'
import type { Message } from '../../wire/messages.js'
import type { Transport } from '../../wire/transport.js'
import type { Address } from '../../wire/types.js'
import type { Cancel, DialOptions, Link, LinkHandler, Links, Listener, ListenOptions } from '../env.js'
import type { HostChunks } from './chunks/host-chunks.js'
import type { HostDatagrams } from './datagrams.js'
import type { HostFolderDisk } from './folder/host-folder-disk.js'

/** Pairs of ports that are tried where the UDP port of a free TCP port is taken. */
const PORT_TRIES = 8

export interface HostLinksOptions {
  readonly transport: Transport
  readonly chunks: HostChunks
  readonly datagrams: HostDatagrams
  /** Null where this process shares no folder. */
  readonly folder: Pick<HostFolderDisk, 'refused'> | null
  /** The first address that is listened on is another one now. */
  readonly announce: (address: Address | null) => void
}

export class HostLinks implements Links {
  readonly #options: HostLinksOptions
  readonly #listening = new Set<Address>()
  #announcedFirst: Address | null = null

  constructor(options: HostLinksOptions) {
    this.#options = options
  }

  dial(address: Address, options: DialOptions): Cancel {
    const opened = (link: Link): LinkHandler => this.#opened(link, (fresh) => options.opened(fresh))
    return this.#options.transport.dial(address, { ...options, opened, failed: (...why) => options.failed(...why) })
  }

  listen(address: Address | `${string}:0`, options: ListenOptions): void {
    this.#listen(address, options, PORT_TRIES)
  }

  #listen(address: Address | `${string}:0`, options: ListenOptions, tries: number): void {
    const { transport, datagrams } = this.#options
    transport.listen(address, {
      listening: (listener) =>
        datagrams.bind(listener.address, (binding) => {
          if (binding === 'in-use' && address.endsWith(':0') && tries > 1) {
            listener.close()
            this.#listen(address, options, tries - 1)
            return
          }
          // a port that was asked for is kept also without its UDP: then heartbeats go over the links
          options.listening(this.#announced(listener))
        }),
      failed: (...why) => options.failed(...why),
      accepted: (link) => this.#opened(link, (fresh) => options.accepted(fresh)),
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
        this.#options.datagrams.unbind(address)
        this.#listening.delete(address)
        this.#announce()
      },
    }
  }

  #announce(): void {
    const [address = null] = this.#listening
    if (address === this.#announcedFirst) return
    this.#announcedFirst = address
    this.#options.announce(address)
  }

  #opened(link: Link, take: (link: Link) => LinkHandler): LinkHandler {
    const { datagrams } = this.#options
    let listen: readonly Address[] = []
    if (link instanceof LinkCore) {
      link.onPromoted = (service) => {
        if (service !== 'data') datagrams.linked(link, listen)
      }
    }
    const handler = take(link)
    return {
      message: (link: Link, message: Message) => {
        if (message.type === 'hello') listen = message.listen
        if (!this.#isRefusal(link, message)) handler.message(link, message)
      },
      drained: (link) => handler.drained(link),
      closed: (...end) => {
        datagrams.unlinked(link)
        handler.closed(...end)
      },
    }
  }

  /** What a source says of our requests: of blocks only where some were asked for. */
  #isRefusal(link: Link, message: Message): boolean {
    const { chunks, folder } = this.#options
    if (message.type === 'chunkRefused') chunks.refused(link, message.request)
    else if (message.type !== 'folderBlocksRefused') return false
    else return folder?.refused(link, message.request, message.missing) ?? false
    return true
  }
}
