/**
 * The older system's tracker: a peer that mines nothing and stays at a known address, so that others meet there. It is an
 * ordinary member beside that (any peer hands out the peer list); where it was first on its machine it is the anchor.
 */
import { OperationalError } from '../../wire/errors.js'
import type * as api from '../api.js'
import { Peer } from './peer.js'
import type { PeerOptions } from './plan.js'

export type TrackerOptions = Omit<PeerOptions, 'mine' | 'dataCriterion'>

export class Tracker implements AsyncDisposable {
  readonly #options: TrackerOptions
  #opening: Promise<Peer> | null = null
  #closed = false

  constructor(options: TrackerOptions = {}) {
    this.#options = options
  }

  /** Starts, if it has not, and listens at `host:port` (port 0 takes a free one); answers the address to tell others. */
  async startListening(address?: string): Promise<string> {
    if (this.#closed) throw new OperationalError('this tracker is closed: make a new one')
    const opening = (this.#opening ??= Peer.open({ folder: false, ...this.#options, mine: 'never' }))
    const peer = await opening.catch((error: unknown) => {
      this.#opening = null
      throw error
    })
    return address === undefined ? peer.status().address : peer.listen(address)
  }

  /** The peer list. */
  async peers(): Promise<readonly api.PeerView[]> {
    return (await this.#peer()).peers()
  }

  async status(): Promise<api.StatusView> {
    return (await this.#peer()).status()
  }

  /** A ticket that leads here. */
  async invite(options: { readonly lan?: boolean } = {}): Promise<api.InviteView> {
    return (await this.#peer()).invite(options)
  }

  /** Says goodbye to all and gives the directory back. */
  async close(): Promise<void> {
    this.#closed = true
    await (await this.#opening)?.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #peer(): Promise<Peer> {
    if (this.#opening === null) throw new OperationalError('this tracker does not listen yet: call startListening')
    return this.#opening
  }
}
