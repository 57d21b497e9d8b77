/**
 * What attached consoles see of the peer in this process. All share one cut of the snapshot, and each is sent the sections
 * that changed since its own last picture. Invariants: a console that does not say that it has shown a picture is sent
 * no other, so a slow or stopped one holds at most one of them; nothing is cut while nobody looks; and cutting takes at
 * most a `1 / REST`th of this process's time, however large the network is.
 */
import { PICTURE_PART_BYTES } from '../../wire/messages/local.js'
import type { LogLine, Snapshot } from '../api.js'
import type { LocalConnection } from './local-connection.js'

/** Consoles attached at once. */
export const MAX_ATTACHED = 8
/** Consoles paint 8 times a second at most. */
const LEAST_MS = 100
/** After a cut that took a millisecond, there is none for so many. */
const REST = 20
/** Rates go down without an event. */
const MOVING_MS = 1000

/** The peer as attached consoles see it. */
export interface View {
  /** Of the program: a console of another version might read the sections wrongly. */
  readonly version: string
  /** null while it is being closed. */
  snapshot(): Snapshot | null
  /** The newest lines, oldest first; each is one object for as long as it is among them. */
  log(): readonly LogLine[]
  /** Calls at every change and log line; answers how to stop. */
  watch(changed: () => void): () => void
}

interface Attached {
  readonly connection: LocalConnection
  /** It has shown what it was sent. */
  ready: boolean
  /** Number of the cut that it has. */
  cut: number
  /** Log lines that it has. */
  readonly lines: WeakSet<LogLine>
}

interface Section {
  readonly json: string
  /** Number of the cut that brought it. */
  readonly cut: number
}

export class Pictures {
  readonly #view: View
  readonly #attached = new Map<LocalConnection, Attached>() // at most MAX_ATTACHED
  readonly #sections = new Map<string, Section>() // one for each key of a snapshot
  #unwatch: () => void = () => {}
  #timer: NodeJS.Timeout | null = null
  #tick: NodeJS.Timeout | null = null
  #dirty = true
  #cut = 0
  #notBefore = 0

  constructor(view: View) {
    this.#view = view
  }

  /** Answers why not, or null. */
  attach(connection: LocalConnection, version: string): string | null {
    const { version: own } = this.#view
    if (version !== own) return `it runs version ${own}, this is ${version}: start it again to attach`
    if (this.#attached.size >= MAX_ATTACHED) return `${MAX_ATTACHED} consoles are attached to it already: leave one`
    if (this.#attached.size === 0) this.#unwatch = this.#view.watch(() => this.#changed())
    this.#attached.set(connection, { connection, ready: true, cut: 0, lines: new WeakSet() })
    this.#changed()
    return null
  }

  /** The console has shown its picture. */
  look(connection: LocalConnection): void {
    const attached = this.#attached.get(connection)
    if (attached === undefined) return
    attached.ready = true
    this.#send(attached)
    this.#schedule()
  }

  detach(connection: LocalConnection): void {
    if (!this.#attached.delete(connection) || this.#attached.size > 0) return
    this.#unwatch()
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#tick !== null) clearTimeout(this.#tick)
    this.#timer = null
    this.#tick = null
    this.#sections.clear()
  }

  /** The peer has ended. */
  close(reason: string): void {
    for (const connection of [...this.#attached.keys()]) {
      connection.send({ type: 'detached', reason })
      this.detach(connection)
    }
  }

  #changed(): void {
    this.#dirty = true
    this.#schedule()
  }

  #schedule(): void {
    if (this.#timer !== null || !this.#dirty || ![...this.#attached.values()].some(({ ready }) => ready)) return
    this.#timer = setTimeout(() => this.#look(), Math.max(0, this.#notBefore - performance.now()))
  }

  #look(): void {
    this.#timer = null
    const began = performance.now()
    const snapshot = this.#view.snapshot()
    if (snapshot === null) return
    this.#dirty = false
    this.#cut++
    for (const [key, value] of Object.entries(snapshot)) {
      const json = JSON.stringify(value)
      if (this.#sections.get(key)?.json !== json) this.#sections.set(key, { json, cut: this.#cut })
    }
    for (const attached of this.#attached.values()) if (attached.ready) this.#send(attached)
    const ended = performance.now()
    this.#notBefore = ended + Math.max(LEAST_MS, (ended - began) * REST)
    if (moves(snapshot)) this.#tick ??= setTimeout(() => this.#moved(), MOVING_MS)
  }

  #moved(): void {
    this.#tick = null
    this.#changed()
  }

  /** What this console has not seen; nothing where that is nothing. */
  #send(attached: Attached): void {
    const news = [...this.#sections].filter(([, section]) => section.cut > attached.cut)
    const fresh = this.#view.log().filter((line) => !attached.lines.has(line))
    for (const line of fresh) attached.lines.add(line)
    attached.cut = this.#cut
    if (news.length === 0 && fresh.length === 0) return
    attached.ready = false
    const parts = news.map(([key, { json }]) => `${JSON.stringify(key)}:${json}`)
    if (fresh.length > 0) parts.push(`"log":${JSON.stringify(fresh)}`)
    sendDocument(attached.connection, Buffer.from(`{${parts.join(',')}}`))
  }
}

function sendDocument(connection: LocalConnection, bytes: Uint8Array): void {
  for (let place = 0; place < bytes.length; place += PICTURE_PART_BYTES) {
    const end = place + PICTURE_PART_BYTES
    connection.send({ type: 'picture', bytes: bytes.subarray(place, end), last: end >= bytes.length })
  }
}

/** Whether figures change though nothing happens. */
function moves({ rates, transfers }: Snapshot): boolean {
  return rates.down > 0 || rates.up > 0 || transfers.some(({ state }) => state === 'running')
}
