/**
 * A source that lives without a network: seven peers, downloads that move, events at any rate, and commands that show each
 * way a command can go.
 */
import type { HoldersView, LogLine, LookupProgress, PeerView, Snapshot, TransferView } from '../../src/api.js'
import { qrLines } from '../../src/cli/qr.js'
import type { CommandEvents, CommandHelp, CommandOutcome, ConsoleSource, Suggestions } from '../../ui/source.js'
import {
  blockView,
  chunkMap,
  emptyNetwork,
  fileView,
  lookupOf,
  network,
  peerId,
  peerView,
  transferView,
} from './network.js'

export interface Script {
  /** The core is loaded after this; -1 never. */
  readonly startAfterMs?: number
  readonly eventsPerSecond?: number
  readonly downloads?: number
  readonly logLinesPerSecond?: number
  readonly quitMs?: number
  /** Nothing moves and no age is young. */
  readonly idle?: boolean
  readonly extraPeer?: string
  /** How the newest lookup stands; it went by finch-teal to wren-amber. */
  readonly lookup?: LookupProgress['state']
  /** A first start: nobody and nothing is here. */
  readonly empty?: boolean
  /** The peer has ended before the console opens. */
  readonly stopped?: boolean
}

export const COMMANDS: readonly CommandHelp[] = [
  {
    name: 'vote',
    args: '<voter> <choice> [--poll p]',
    summary: 'casts a ballot and waits for its block',
    key: 'va',
    example: 'vote ann yes',
    group: 'Votes',
  },
  { name: 'poll', args: '<list|show|create> [name]', summary: 'lists polls, shows or makes one' },
  { name: 'tally', args: '[poll]', summary: 'counts the votes', key: 'd' },
  { name: 'store', args: '<path> [--as name]', summary: 'gives a file to the ring', key: 's', group: 'Files' },
  { name: 'request', args: '<name|link> [-o path]', summary: 'fetches a file', key: 'r' },
  { name: 'transfers', args: '[pause|resume|cancel <n>]', summary: 'what moves' },
  { name: 'peers', args: '', summary: 'who is here' },
  { name: 'status', args: '', summary: 'this peer in one line' },
  { name: 'quit', args: '[--abrupt]', summary: 'leaves the network' },
]

/** What may stand behind a command. */
const WORDS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  request: [['music.txt', 'mustard.txt', 'atlas.iso', 'Ümlaut file.txt']],
  vote: [[], ['yes', 'no']],
  store: [['notes/', 'song one.txt']],
}

const SECRET_COMMANDS = ['hang', 'crash', 'reject', 'print', 'ticket', 'tear', 'work', 'silent', 'chatter', 'lines']

export class ScriptedSource implements ConsoleSource {
  /** Every link whose holders were asked for. */
  readonly looked: string[] = []
  readonly commands = COMMANDS
  /** Every line that was run, for assertions. */
  readonly ran: string[] = []
  /** Every text that suggestions were asked for. */
  readonly asked: string[] = []
  /** How it was told to leave. */
  left: 'not' | 'politely' | 'abruptly' = 'not'
  readonly #script: Script
  readonly #listeners = new Set<() => void>()
  readonly #log: LogLine[] = []
  readonly #started = Date.now()
  readonly #timers: NodeJS.Timeout[] = []
  #events = 0
  #votes: (readonly [string, string])[] = []
  #cancelled: number[] = []
  #leave: () => void = () => {}
  #torn = false

  constructor(script: Script = {}) {
    this.#script = script
    const start = script.startAfterMs ?? 0
    if (start > 0) this.#timers.push(setTimeout(() => this.#changed(), start))
    const chatter = script.logLinesPerSecond ?? 0
    if (chatter > 0) this.#timers.push(setInterval(() => this.#chat(chatter / 10), 100))
    const perTick = (script.eventsPerSecond ?? 0) / 100
    if (perTick > 0) this.#timers.push(setInterval(() => this.#burst(perTick), 10))
    else if (script.idle !== true) this.#timers.push(setInterval(() => this.#burst(1), 100))
  }

  snapshot(): Snapshot | null {
    const { startAfterMs = 0, downloads = 1, idle, extraPeer, lookup, empty } = this.#script
    const passed = Date.now() - this.#started
    if (startAfterMs < 0 || passed < startAfterMs) return null
    const time = idle === true ? 1_700_000_000 : Math.floor(Date.now() / 1000)
    if (empty === true) return emptyNetwork(time)
    const base = network(time)
    const mine = this.#votes.map((vote, index) => blockView(1205 + index, time, [vote])).reverse()
    const moving = Array.from({ length: downloads }, (_, index) => {
      const total = 134_217_728
      const done = Math.min(total, (((passed / 200 + index * 40 + 120) % 500) / 512) * total)
      return transferView(index + 1, index === 0 ? 'music.txt' : `part-${index}.bin`, {
        done,
        total,
        rate: 4e6 + (this.#events % 1000) * 1000,
      })
    })
    return {
      ...base,
      peers: [
        ...(downloads < 4 ? base.peers : base.peers.map((peer, index) => this.#moving(peer, index))),
        ...(extraPeer === undefined ? [] : [peerView(extraPeer)]),
        ...(this.#torn ? [unviewablePeer()] : []),
      ],
      chain: { ...base.chain, height: 1204 + mine.length, blocks: [...mine, ...base.chain.blocks] },
      files: [
        ...base.files,
        ...Array.from({ length: Math.max(0, downloads - 1) }, (_, index) => fileView(`part-${index + 1}.bin`)),
      ],
      chunkMaps: idle === true ? base.chunkMaps : moving.map((one) => chunkMap(one.n, 512, chunksOf(one))),
      lookup: lookup === undefined ? null : lookupOf(lookup),
      transfers: idle === true ? [] : moving.filter(({ n }) => !this.#cancelled.includes(n)),
      rates: idle === true ? { down: 0, up: 0 } : { down: 4e6 + (this.#events % 1000) * 1000, up: 1e5 },
      mining: { ...base.mining, active: idle !== true },
    }
  }

  /** Every figure of a peer is another one in each picture. */
  #moving(peer: PeerView, index: number): PeerView {
    const wave = (this.#events * (index + 3)) % 997
    const down = 1e5 * wave
    return { ...peer, rttMs: 10 + (wave % 90), received: peer.received + this.#events * 999, down, up: down / 7 }
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  log(): readonly LogLine[] {
    return this.#log
  }

  /** The publisher has all of it; each time one asks, another peer has eight chunks more. */
  holders(link: string): Promise<HoldersView | null> {
    this.looked.push(link)
    const file = this.snapshot()?.files.find(({ id }) => link.startsWith(`p2p:${id}`))
    if (file === undefined) return Promise.resolve(null)
    const { name, id, chunks } = file
    const first = (holder: string, count: number): HoldersView['holders'][number] => {
      const have = Buffer.alloc(Math.ceil(chunks / 8)).fill(0xff, 0, Math.ceil(count / 8))
      return { id: peerId(holder), name: holder, count, have: have.toString('base64') }
    }
    const holders = [first('finch-teal', chunks), first('wren-amber', Math.min(chunks, this.looked.length * 8))]
    return Promise.resolve({ name, id, chunks, holders })
  }

  complete(line: string): Suggestions {
    this.asked.push(line)
    const from = Math.max(line.lastIndexOf(' ') + 1, line.lastIndexOf('"'))
    const words = line.slice(0, from).trim().split(/\s+/).filter(Boolean)
    const values =
      words.length === 0 ? COMMANDS.map(({ name }) => name) : (WORDS[words[0] ?? '']?.[words.length - 1] ?? [])
    const typed = line.slice(from).replace(/^"/, '').toLowerCase()
    const candidates = values.filter((value) => value.toLowerCase().startsWith(typed)).map((value) => ({ value }))
    return { from, candidates, argument: words.length - 1 }
  }

  async run(line: string, on: CommandEvents, signal: AbortSignal): Promise<CommandOutcome> {
    this.ran.push(line)
    const [name = '', ...words] = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    )
    switch (name.toLowerCase()) {
      case 'vote':
        return this.#vote(words, on)
      case 'tally':
        return { exit: 0, message: '', long: { title: 'Tally main', lines: ['yes  6', 'no   2'] } }
      case 'store':
        return { exit: 0, message: `stored ${words.join(' ')} as p2p:7c1e, 4 copies` }
      case 'request':
        return words[0] === 'nothing.txt'
          ? { exit: 1, message: 'nobody has nothing.txt: :files lists what there is' }
          : { exit: 0, message: `fetched ${words[0]}` }
      case 'transfers':
        this.#cancelled.push(Number(words[1]))
        return { exit: 0, message: `cancelled transfer ${words[1]}` }
      default:
        return SECRET_COMMANDS.includes(name)
          ? this.#secret(name, on, signal, words)
          : { exit: 2, message: `no command ${name}: ? lists them` }
    }
  }

  async quit(abrupt: boolean): Promise<void> {
    this.left = abrupt ? 'abruptly' : 'politely'
    for (const timer of this.#timers) clearInterval(timer)
    if (abrupt) this.#leave()
    else
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#script.quitMs ?? 0)
        this.#leave = () => {
          clearTimeout(timer)
          resolve()
        }
      })
  }

  say(text: string, level: LogLine['level'] = 'notice'): void {
    this.#log.push({ time: Date.now(), level, text })
    this.#changed()
  }

  async #vote([voter = '', choice = '']: readonly string[], on: CommandEvents): Promise<CommandOutcome> {
    if (this.#votes.some(([one]) => one === voter)) return { exit: 1, message: 'Invalid/duplicate Vote!' }
    for (let done = 1; done <= 3; done++) {
      on.progress({ text: 'mining', done, total: 4, unit: 'hashes' })
      await wait(30)
    }
    this.#votes.push([voter, choice])
    this.#changed()
    return { exit: 0, message: `${voter} voted ${choice} in block #${1204 + this.#votes.length}` }
  }

  async #secret(
    name: string,
    on: CommandEvents,
    signal: AbortSignal,
    words: readonly string[],
  ): Promise<CommandOutcome> {
    if (name === 'work') return work(words[0] ?? 'work', on, signal)
    if (name === 'chatter') this.#chatter(Number(words[0]))
    if (name === 'lines') {
      const lines = Array.from({ length: Number(words[0]) }, (_, line) => `line ${line} ${'of many '.repeat(4)}`)
      return { exit: 0, message: '', long: { title: `lines ${words[0]}`, lines } }
    }
    if (name === 'silent') {
      await aborted(signal)
      return { exit: 1, message: 'cancelled' }
    }
    if (name === 'crash') setTimeout(() => throwIt(), 0)
    if (name === 'reject') Promise.reject(new Error('planted rejection'))
    if (name === 'tear') {
      this.#torn = true
      this.#changed()
    }
    if (name === 'print') {
      console.log('printed behind the back')
      process.stderr.write('also on stderr\n')
    }
    if (name === 'ticket') {
      const ticket = `p2p1${'q'.repeat(160)}end`
      return {
        exit: 0,
        message: '',
        long: { title: 'Invite', lines: [ticket, 'paste it'], copy: ticket, picture: qrLines(ticket) },
      }
    }
    if (name === 'hang') {
      on.progress({ text: 'hanging', done: 0, total: 0, unit: '' })
      await aborted(signal)
      return { exit: 1, message: 'cancelled' }
    }
    return { exit: 0, message: '' }
  }

  /** Lines of every level. */
  #chatter(count: number): void {
    const levels = ['debug', 'info', 'notice', 'warn', 'error'] as const
    for (let line = 0; line < count; line++) this.say(`happening ${line}`, levels[line % levels.length])
  }

  #chat(count: number): void {
    for (let line = 0; line < count; line++) this.say(`chatter ${this.#log.length}`, 'info')
    this.say(`trouble ${this.#log.length}`, 'warn')
  }

  #burst(count: number): void {
    this.#events += count
    for (let event = 0; event < count; event++) this.#changed()
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** Ten of forty megabytes, four more a second, until it is cancelled. */
async function work(text: string, on: CommandEvents, signal: AbortSignal): Promise<CommandOutcome> {
  const started = Date.now()
  const tell = () => {
    const done = Math.min(39e6, 10e6 + (Date.now() - started) * 4e3)
    on.progress({ text, done, total: 40e6, unit: 'bytes' })
  }
  const timer = setInterval(tell, 50)
  tell()
  await aborted(signal)
  clearInterval(timer)
  return { exit: 1, message: `${text} cancelled` }
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
const chunksOf = ({ done, total }: TransferView): number => Math.floor((done / total) * 512)

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** A view that looks at it throws; nobody else minds. */
function unviewablePeer(): PeerView {
  return Object.defineProperty(peerView('torn'), 'name', {
    enumerable: false,
    get: () => {
      throw new Error('planted tear')
    },
  })
}

function throwIt(): never {
  throw new Error('planted crash')
}
