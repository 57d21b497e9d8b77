/**
 * The console's view of a peer in another process, over its control socket. Pictures come when this console asks for
 * them, so that it is never behind; commands run there, in this process's directory.
 * Invariant: leaving never stops the peer, nor a command that is running there.
 */
import { connect, type Socket } from 'node:net'
import type {
  Attached,
  CommandEvents,
  CommandHelp,
  CommandOutcome,
  ConsoleSource,
  Suggestions,
} from '../../ui/source.js'
import type { HoldersView, LogLine, Snapshot } from '../api.js'
import { LocalConnection } from '../host/local-connection.js'
import type { RunningEntry } from '../host/running.js'
import { type CallEnd, call, NO_SCREEN, type OutputKind, type RunningCall } from './call.js'
import { completions, knownFrom } from './completion.js'
import { EXIT } from './outcome.js'
import { PollList } from './poll-list.js'
import { consoleCommands, outcomeOf, readTyped } from './typed.js'
import { VERSION } from './version.js'

const MAX_LOG_LINES = 1000
/** Far more than a network's every name, peer and block. */
const MAX_PICTURE_BYTES = 64 << 20
/** A peer that stands still cannot even cancel. */
const ABORT_MS = 3000

export interface RemoteOptions {
  /** The pace of the console: no more than one picture in so many milliseconds. */
  readonly everyMs: () => number
  /** The peer ended, or lets nobody attach. Never called once the console has left. */
  readonly ended: (reason: string) => void
}

export class RemoteSource implements ConsoleSource {
  readonly commands: readonly CommandHelp[]
  readonly attached: Attached
  readonly #entry: RunningEntry
  readonly #options: RemoteOptions
  readonly #socket: Socket
  readonly #connection: LocalConnection
  readonly #listeners = new Set<() => void>()
  readonly #running = new Set<RunningCall>() // as many as the console lets run
  readonly #polls: PollList
  #snapshot: Snapshot | null = null
  #log: readonly LogLine[] = [] // at most MAX_LOG_LINES
  #parts: Uint8Array[] = [] // at most MAX_PICTURE_BYTES together
  #partBytes = 0
  #pace: NodeJS.Timeout | null = null
  #over = false
  #reason: string | null = null

  constructor(entry: RunningEntry, options: RemoteOptions) {
    this.#entry = entry
    this.#options = options
    this.#polls = new PollList(entry)
    this.attached = { name: entry.name, stop: stopWords(entry) }
    this.commands = consoleCommands().map((help) =>
      help.name === 'quit'
        ? { ...help, args: '', summary: `leave this console; ${entry.name} goes on (${stopWords(entry)} stops it)` }
        : help,
    )
    this.#socket = connect(entry.socket)
    this.#connection = new LocalConnection(this.#socket, {
      message: (message) => {
        switch (message.type) {
          case 'picture':
            return this.#part(message.bytes, message.last)
          case 'detached':
            return this.#end(message.reason)
          default:
            return this.#end(`it answered with ${message.type}, which is no picture: another version?`)
        }
      },
      closed: (reason) => this.#end(reason === '' ? 'its process is gone' : `its control socket failed: ${reason}`),
    })
    this.#connection.send({ type: 'attach', version: VERSION })
  }

  snapshot(): Snapshot | null {
    return this.#snapshot
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed)
    if (this.#reason !== null) setImmediate(() => this.#tell())
    return () => this.#listeners.delete(changed)
  }

  log(): readonly LogLine[] {
    return this.#log
  }

  async holders(link: string): Promise<HoldersView | null> {
    const json: Uint8Array[] = []
    const running = call(this.#entry, ['manifest', link, '--holders', '--json'], NO_SCREEN, {
      progress: () => {},
      output: (kind, bytes) => {
        if (kind === 'json') json.push(bytes)
      },
    })
    this.#running.add(running)
    const end = await running.ended
    this.#running.delete(running)
    return 'exit' in end && end.exit === EXIT.done ? JSON.parse(textOf(json)) : null
  }

  complete(line: string): Suggestions {
    const known = knownFrom(this.#snapshot, process.cwd())
    return completions(line, this.#polls.added(known))
  }

  async run(line: string, on: CommandEvents, signal: AbortSignal): Promise<CommandOutcome> {
    const typed = readTyped(line)
    if ('exit' in typed) return typed
    const output: Record<OutputKind, Uint8Array[]> = { json: [], text: [], error: [], message: [], more: [] }
    const running = call(this.#entry, typed.words, NO_SCREEN, {
      progress: (progress) => on.progress(progress),
      output: (kind, bytes) => output[kind].push(bytes),
    })
    this.#running.add(running)
    void running.ended.then(() => this.#running.delete(running))
    const end = await endOf(running, signal, () => this.#over)
    if ('lost' in end) return { exit: EXIT.failed, message: `${this.#entry.name} ${end.lost}` }
    const lines = textOf(output.text).replace(/\n$/, '').split('\n')
    const json = typed.invocation.globals.json && output.json.length > 0 ? JSON.parse(textOf(output.json)) : undefined
    return outcomeOf(line, { exit: end.exit, message: textOf(output.message), lines, json })
  }

  /** Detaches; however it is asked for, the peer goes on. */
  async quit(_abrupt: boolean): Promise<void> {
    this.#over = true
    if (this.#pace !== null) clearTimeout(this.#pace)
    for (const running of this.#running) running.leave()
    this.#polls.close()
    this.#connection.release()
  }

  #part(bytes: Uint8Array, last: boolean): void {
    if (this.#over) return
    this.#partBytes += bytes.length
    this.#parts.push(bytes)
    if (this.#partBytes > MAX_PICTURE_BYTES) this.#end('its picture is too large to show')
    else if (last) this.#whole()
  }

  #whole(): void {
    const text = textOf(this.#parts)
    this.#parts = []
    this.#partBytes = 0
    this.#show(JSON.parse(text))
    this.#pace = setTimeout(() => this.#connection.send({ type: 'look' }), this.#options.everyMs())
  }

  /** The first picture has every section, a later one those that changed. */
  #show({ log = [], ...sections }: Partial<Snapshot> & { readonly log?: readonly LogLine[] }): void {
    if (log.length > 0) this.#log = [...this.#log, ...log].slice(-MAX_LOG_LINES)
    const snapshot: Partial<Snapshot> = { ...this.#snapshot, ...sections }
    if (isWhole(snapshot)) this.#snapshot = Object.freeze(snapshot)
    for (const listener of this.#listeners) listener()
  }

  #end(reason: string): void {
    if (this.#over) return
    this.#over = true
    if (this.#pace !== null) clearTimeout(this.#pace)
    this.#socket.destroy()
    this.#reason = reason
    if (this.#listeners.size > 0) this.#tell()
  }

  /** Only to a console that is open: one that is being loaded would miss it. */
  #tell(): void {
    this.#options.ended(`${this.#entry.name}: ${this.#reason}`)
  }
}

/** What stops a peer, for a person to type. */
export function stopWords(entry: RunningEntry): string {
  return `p2p-tui quit -n ${entry.name}`
}

const SECTIONS: Readonly<Record<keyof Snapshot, true>> = {
  status: true,
  peers: true,
  ring: true,
  chain: true,
  mining: true,
  tallies: true,
  files: true,
  transfers: true,
  chunkMaps: true,
  lookup: true,
  folder: true,
  rates: true,
}

function isWhole(snapshot: Partial<Snapshot>): snapshot is Snapshot {
  return Object.keys(SECTIONS).every((section) => section in snapshot)
}

function textOf(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString()
}

function endOf(running: RunningCall, signal: AbortSignal, left: () => boolean): Promise<CallEnd> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | null = null
    const aborted = (): void => {
      if (left()) return
      running.abort()
      timer = setTimeout(() => resolve({ lost: 'does not answer; it may still be at it' }), ABORT_MS)
    }
    if (signal.aborted) aborted()
    signal.addEventListener('abort', aborted)
    void running.ended.then((end) => {
      if (timer !== null) clearTimeout(timer)
      signal.removeEventListener('abort', aborted)
      resolve(end)
    })
  })
}
