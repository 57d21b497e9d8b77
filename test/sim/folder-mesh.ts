/**
 * Membership for a simulated network that only shares a folder: everybody knows everybody, the one who came later dials,
 * a link over which nothing gets is given up after a while. Control and data have a port each, which stands for the hello.
 */

import type { Cancel, Env, Link, LinkHandler } from '../../src/env.js'
import type { Claim, Mesh, PeerInfo, Protocol } from '../../src/mesh.js'
import type { CloseCode } from '../../wire/errors.js'
import type { FolderMessage, Message } from '../../wire/messages.js'
import type { Address, PeerId } from '../../wire/types.js'

const CONTROL_PORT = 4000
const DATA_PORT = 4001
const DIAL_EVERY_MS = 300
const DIAL_TIMEOUT_MS = 2000
/** Longer than any way there and back. */
const GREETING_MS = 250
const LEFT_AFTER_MS = 2000
const WATCH_EVERY_MS = 250
const SILENT_MS = 1500

/** Somebody of this network, running or not. */
export interface Neighbour {
  readonly id: PeerId
  readonly name: string
  readonly ip: string
  readonly index: number
}

export interface FolderMeshOptions {
  readonly self: Neighbour
  readonly others: () => readonly Neighbour[]
  /** Whether anything gets through to that peer and back. */
  readonly reaches: (other: Neighbour) => boolean
}

/** What runs over the mesh. */
export interface FolderProtocol extends Protocol {
  receive(from: PeerId, message: FolderMessage): void
  dataLink(link: Link): LinkHandler
}

export class FolderMesh implements Mesh {
  readonly #links = new Map<PeerId, Link>()
  readonly #dialing = new Set<PeerId>()
  readonly #members = new Set<PeerId>()
  readonly #silentSince = new Map<PeerId, number>()
  #protocol: FolderProtocol | null = null

  constructor(
    private readonly env: Env,
    private readonly options: FolderMeshOptions,
  ) {}

  start(protocol: FolderProtocol): void {
    this.#protocol = protocol
    this.#listen(CONTROL_PORT, (link) => this.#opened(link, GREETING_MS))
    this.#listen(DATA_PORT, (link) => {
      link.promote('data')
      return protocol.dataLink(link)
    })
    this.#watch()
  }

  linked(): Iterable<PeerId> {
    return [...this.#links.keys()]
  }

  isLinked(peer: PeerId): boolean {
    return this.#links.has(peer)
  }

  members(): Iterable<PeerInfo> {
    return [...this.#members].flatMap((id) => this.member(id) ?? [])
  }

  member(peer: PeerId): PeerInfo | undefined {
    const found = this.options.others().find(({ id }) => id === peer)
    if (found === undefined || !this.#members.has(peer)) return undefined
    const addresses = [`${found.ip}:${CONTROL_PORT}` as Address]
    return { id: peer, name: found.name, role: 'peer', addresses, startTime: 0, dedicated: false, tasks: [] }
  }

  send(peer: PeerId, message: Message): 'sent' | 'full' | 'none' {
    return this.#links.get(peer)?.send(message) ?? 'none'
  }

  reach(peer: PeerId, done: (linked: boolean) => void): void {
    this.env.after(0, () => done(this.#links.has(peer)))
  }

  openData(peer: PeerId, opened: (link: Link | null, reason: string) => void): Cancel {
    const other = this.options.others().find(({ id }) => id === peer)
    if (other === undefined) return this.env.after(0, () => opened(null, 'nobody knows that peer'))
    let isOver = false
    const cancel = this.env.links.dial(`${other.ip}:${DATA_PORT}` as Address, {
      service: 'data',
      expect: peer,
      timeoutMs: DIAL_TIMEOUT_MS,
      opened: (link) => {
        link.promote('data')
        this.env.after(0, () => (isOver ? link.close('normal', 'not wanted any more') : opened(link, '')))
        return this.#running.dataLink(link)
      },
      failed: (failure, detail) => {
        if (!isOver) opened(null, `${failure}: ${detail}`)
      },
    })
    return () => {
      isOver = true
      cancel()
    }
  }

  blame(peer: PeerId, code: CloseCode, reason: string): void {
    this.#links.get(peer)?.close(code, reason)
  }

  claim(): Claim | undefined {
    return undefined
  }

  get #running(): FolderProtocol {
    if (this.#protocol === null) throw new Error('the mesh was not started')
    return this.#protocol
  }

  #listen(port: number, accepted: (link: Link) => LinkHandler): void {
    this.env.links.listen(`${this.options.self.ip}:${port}` as Address, {
      listening: () => {},
      failed: (reason) => this.env.fatal(`cannot listen: ${reason}`),
      accepted,
    })
  }

  /** Dials those that are missing, and gives up links over which nothing gets. */
  #watch(): void {
    for (const other of this.options.others()) {
      const link = this.#links.get(other.id)
      if (link === undefined) this.#dial(other)
      else this.#listenTo(other, link)
    }
    this.env.after(WATCH_EVERY_MS, () => this.#watch())
  }

  #listenTo(other: Neighbour, link: Link): void {
    const now = this.env.now()
    if (this.options.reaches(other)) this.#silentSince.delete(other.id)
    const since = this.#silentSince.get(other.id) ?? now
    if (this.options.reaches(other)) return
    this.#silentSince.set(other.id, since)
    if (now - since >= SILENT_MS) link.close('timeout', 'nothing was heard for long')
  }

  #dial(other: Neighbour): void {
    if (other.index > this.options.self.index || this.#dialing.has(other.id)) return
    this.#dialing.add(other.id)
    this.env.links.dial(`${other.ip}:${CONTROL_PORT}` as Address, {
      service: 'control',
      expect: other.id,
      timeoutMs: DIAL_TIMEOUT_MS,
      opened: (link) => {
        this.#dialing.delete(other.id)
        return this.#opened(link, 0)
      },
      failed: () => {
        this.env.after(DIAL_EVERY_MS, () => void this.#dialing.delete(other.id))
      },
    })
  }

  /** The one who was dialed waits for the dialer, as a hello would make it wait. */
  #opened(link: Link, waitMs: number): LinkHandler {
    const { peer } = link
    let isUp = false
    link.promote('control')
    const up = (): void => {
      if (!isUp && !link.closed) this.#up(link)
      isUp = true
    }
    if (waitMs === 0) up()
    else this.env.after(waitMs, up)
    return {
      message: (_link, message) => {
        up()
        if (this.#links.get(peer) === link && isOfFolder(message)) this.#running.receive(peer, message)
      },
      drained: () => {
        if (this.#links.get(peer) === link) this.#running.linkDrained(peer)
      },
      closed: () => this.#closed(link),
    }
  }

  #up(link: Link): void {
    const { peer } = link
    const old = this.#links.get(peer)
    this.#links.set(peer, link)
    this.#silentSince.delete(peer)
    old?.close('duplicate', 'replaced by a new link')
    if (!this.#members.has(peer)) {
      this.#members.add(peer)
      const info = this.member(peer)
      if (info !== undefined) this.#running.memberJoined(info)
    }
    this.#running.linkUp(peer)
  }

  #closed(link: Link): void {
    const { peer } = link
    if (this.#links.get(peer) !== link) return
    this.#links.delete(peer)
    this.#silentSince.delete(peer)
    this.#running.linkDown(peer)
    this.env.after(LEFT_AFTER_MS, () => {
      if (this.#links.has(peer) || !this.#members.delete(peer)) return
      this.#running.memberLeft(peer, 'lost')
    })
  }
}

function isOfFolder(message: Message): message is FolderMessage {
  return message.type.startsWith('folder')
}
