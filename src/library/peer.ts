/**
 * A peer of the network for programs: all that the console does, as methods. Views answer at once, deeds are promises.
 * Invariant: after the end every method throws an OperationalError, and no promise is left open.
 */
import { setMaxListeners } from 'node:events'
import { join as joinPath, resolve } from 'node:path'
import { OperationalError } from '../../wire/errors.js'
import { isAddress } from '../../wire/field.js'
import type * as api from '../api.js'
import { DEFAULT_POLL } from '../api.js'
import { targetName } from '../cli/commands/files.js'
import { type OpenPeer, openPeer } from '../host/open-peer.js'
import type { AddResult, Json } from '../ledger/classic.js'
import { isLoopback } from '../membership/address.js'
import { encodeTicket } from '../membership/ticket.js'
import type { Peer as Core } from '../peer.js'
import { type AddOptions, ChainData } from './chain-data.js'
import { votingRule } from './data.js'
import { Events, type Listener, type PeerEvents } from './events.js'
import { type LongOptions, operation, outside, type WaitOptions } from './operation.js'
import { addressesOf, type PeerOptions, planOf } from './plan.js'

const MAX_TICKET_ADDRESSES = 8
const BLOCKS = 10

export interface VoteOptions extends WaitOptions {
  /** `main` where absent. */
  readonly poll?: string
}

/** A poll to register: what is left out is no question, no end, no roll. */
export type PollOptions = WaitOptions &
  Pick<api.PollDraft, 'options'> &
  Partial<Omit<api.PollDraft, 'poll' | 'options'>>

export interface RequestOptions extends LongOptions {
  /** Path of the finished file; its own name in the working directory where absent. */
  readonly path?: string
  /** Replace an existing file. */
  readonly force?: boolean
}

export class Peer implements AsyncDisposable {
  readonly #opened: OpenPeer
  readonly #events: Events
  readonly #data: ChainData
  readonly #ended = new AbortController()
  readonly #gone: Promise<void>

  private constructor(opened: OpenPeer, events: Events, options: PeerOptions, closeControl: () => Promise<void>) {
    this.#opened = opened
    setMaxListeners(0, this.#ended.signal) // one each operation
    this.#events = events
    this.#data = new ChainData(() => this.#core, this.#ended.signal, options.dataCriterion ?? votingRule)
    opened.watch((what) => {
      if (what === 'state') events.changed()
    })
    this.#gone = opened.ended.then(async ({ reason }) => {
      await closeControl()
      this.#ended.abort(new OperationalError(reason ?? 'this peer is closed'))
      events.emit('end', { reason })
    })
  }

  /** Starts a peer, which joins its network or founds it; throws OperationalError that says what to do next. */
  static async open(options: PeerOptions = {}): Promise<Peer> {
    const events = new Events()
    const opened = await openPeer(planOf(options), { onLog: (line) => events.emit('log', line) })
    // commands are loaded only where somebody answers them
    const closeControl =
      options.control === true ? await (await import('../cli/serve.js')).serveCommands(opened) : async () => {}
    return new Peer(opened, events, options, closeControl)
  }

  // ---- events and the end

  /** Answers how to stop listening. */
  on<K extends keyof PeerEvents>(event: K, listener: Listener<K>): () => void {
    return this.#events.on(event, listener)
  }

  off<K extends keyof PeerEvents>(event: K, listener: Listener<K>): void {
    this.#events.off(event, listener)
  }

  /** Hands over, says goodbye (at most 10 s), makes everything durable and gives the directory back. */
  close(): Promise<void> {
    if (this.#opened.isOpen()) this.#opened.quit(false)
    return this.#gone
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  // ---- network

  get id(): string {
    return this.#opened.facts.id
  }

  get name(): string {
    return this.#opened.facts.name
  }

  get network(): string {
    return this.#opened.facts.network
  }

  /** The state directory. */
  get directory(): string {
    return this.#opened.facts.data
  }

  status(): api.StatusView {
    return this.#core.status()
  }

  peers(): readonly api.PeerView[] {
    return this.#core.peers()
  }

  /** All addresses that this peer tells others. */
  addresses(): readonly string[] {
    return this.#core.addresses()
  }

  /** The last log lines, oldest first. */
  log(): readonly api.LogLine[] {
    return this.#opened.log()
  }

  /** Links to a peer by `host:port` or by a ticket of this network; the peer list brings the others. */
  async connect(where: string): Promise<api.PeerView> {
    const core = this.#core
    const failures: unknown[] = []
    for (const address of addressesOf(where, this.#opened.secret())) {
      try {
        return await this.#run<api.PeerView>(undefined, (done) => void core.join(address, done))
      } catch (error) {
        failures.push(error)
      }
    }
    throw failures.at(-1)
  }

  /** Unlinks a peer (id, unique prefix of one, or name) until one of both connects again. */
  async disconnect(peer: string): Promise<api.PeerView> {
    return this.#run(undefined, (done) => void this.#core.leave(peer, done))
  }

  /** Opens one more listener; answers the address to tell others. */
  async listen(address: string): Promise<string> {
    return this.#run(undefined, (done) => void this.#core.listen(address, done))
  }

  /** A ticket to this network. `lan` opens a listener on this machine's own addresses first. */
  async invite({ lan = false }: { readonly lan?: boolean } = {}): Promise<api.InviteView> {
    const known = this.#core.addresses()
    const addresses = lan ? await this.#opened.openLan() : known
    const reachable = addresses.filter((address) => !isLoopback(address))
    const told = (reachable.length > 0 ? reachable : addresses).filter(isAddress).slice(0, MAX_TICKET_ADDRESSES)
    const ticket = encodeTicket({ network: this.network, secret: this.#opened.secret(), addresses: told })
    return { ticket, addresses }
  }

  // ---- ledger

  /** Casts a ballot; 'added' when it is in a durable block, 'invalid' if that voter has voted. */
  async vote(voter: string, choice: string, options: VoteOptions = {}): Promise<api.VoteView> {
    const { poll = DEFAULT_POLL, timeoutMs = null, signal, onProgress } = options
    return this.#run(signal, (done) => this.#core.vote(voter, choice, { poll, timeoutMs }, outside(onProgress), done))
  }

  /** Records a text for good; answers as `vote` does. */
  async note(text: string, options: WaitOptions = {}): Promise<api.VoteView> {
    const { timeoutMs = null, signal, onProgress } = options
    return this.#run(signal, (done) => this.#core.note(text, { timeoutMs }, outside(onProgress), done))
  }

  /** Registers a poll with fixed choices; answers as `vote` does. */
  async createPoll(poll: string, options: PollOptions): Promise<api.VoteView> {
    const { question = '', closes = 0, roll = [], timeoutMs = null, signal, onProgress } = options
    const draft = { poll, question, options: options.options, closes, roll }
    return this.#run(signal, (done) => this.#core.createPoll(draft, { timeoutMs }, outside(onProgress), done))
  }

  tally(poll: string = DEFAULT_POLL): api.TallyView {
    return this.#core.tally(poll)
  }

  polls(): readonly string[] {
    return this.#core.polls()
  }

  /** The last blocks, newest first. */
  chain(last: number = BLOCKS): api.ChainView {
    return this.#core.chain(last)
  }

  receipt(ballot: string): api.ReceiptView {
    return value(this.#core.receipt(ballot.toLowerCase()))
  }

  mining(): api.MiningView {
    return this.#core.mining()
  }

  setMining(mode: api.MineMode): void {
    this.#core.setMining(mode)
  }

  /**
   * The data of all records of the chain, oldest first: `{poll, voter, choice}` of ballots, `{text}` of notes,
   * the words of polls and their ends, and whatever else was added by `addData`.
   */
  getData(): readonly Json[] {
    return this.#data.all()
  }

  /**
   * Adds data if the criterion lets it follow the chain: 'added' when it is in a durable block, 'invalid' if it may not
   * follow, 'retry' if it is in no block yet; asking again with the same data then waits for the same record.
   */
  addData(data: Json, options: AddOptions = {}): Promise<AddResult> {
    return this.#data.add(data, options)
  }

  // ---- ring and files

  ring(): api.RingView {
    return this.#core.ring()
  }

  async lookup(name: string): Promise<api.LookupView> {
    return this.#run(undefined, (done) => void this.#core.lookup(name, done))
  }

  /** Publishes a file and replicates it; answers when two peers (where there are two) hold it durably. */
  async store(
    path: string,
    { signal, onProgress, ...options }: api.StoreOptions & LongOptions = {},
  ): Promise<api.StoredView> {
    return this.#run(signal, (done) => this.#core.store(resolve(path), options, outside(onProgress), done))
  }

  /** Publishes a file and serves it from here only. */
  async share(
    path: string,
    { signal, onProgress, ...options }: api.ShareOptions & LongOptions = {},
  ): Promise<api.StoredView> {
    return this.#run(signal, (done) => this.#core.share(resolve(path), options, outside(onProgress), done))
  }

  /** Downloads by name, `name@publisher` or `p2p:` link, from all holders at once. */
  async request(what: string, options: RequestOptions = {}): Promise<api.RequestedView> {
    const { path, force = false, signal, onProgress } = options
    const target = path === undefined ? joinPath(process.cwd(), targetName(what)) : resolve(path)
    return this.#run(signal, (done) => this.#core.request(what, { target, force }, outside(onProgress), done))
  }

  /** Withdraws a name that this peer published. */
  async remove(name: string): Promise<api.StoredView> {
    return this.#run(undefined, (done) => void this.#core.remove(name, done))
  }

  /** All names known to the network; `pattern` is a glob. */
  async files(pattern = '*'): Promise<readonly api.FileView[]> {
    return this.#run(undefined, (done) => void this.#core.files(pattern, done))
  }

  async manifest(what: string): Promise<api.ManifestView> {
    return this.#run(undefined, (done) => void this.#core.manifest(what, done))
  }

  transfers(): readonly api.TransferView[] {
    return this.#core.transfers()
  }

  /** Pauses, resumes or cancels a running transfer by its number. */
  control(transfer: number, action: 'pause' | 'resume' | 'cancel'): api.TransferView {
    return value(this.#core.control(transfer, action))
  }

  // ---- the shared folder

  folder(): api.FolderView {
    return this.#core.folder()
  }

  /** Nothing is told or written until `folderResume`. */
  folderPause(): api.FolderView {
    return value(this.#core.folderPause())
  }

  /** After a mass delete an answer is needed: 'delete' tells all, 'restore' brings everything back. */
  async folderResume(answer: api.ResumeAnswer = null): Promise<api.FolderView> {
    return this.#run(undefined, (done) => void this.#core.folderResume(answer, done))
  }

  /** Settles a conflict, named by its copy (or by the file where it has one copy only). */
  async folderKeep(copy: string, choice: api.KeepChoice): Promise<api.FolderView> {
    return this.#run(undefined, (done) => void this.#core.folderKeep(copy, choice, done))
  }

  /** What others replaced or deleted here, newest first. */
  async folderTrash(): Promise<readonly api.TrashView[]> {
    return this.#run(undefined, (done) => void this.#core.folderTrash(done))
  }

  /** Brings one back, by its id in the trash, or the newest of a path. */
  async folderRestore(what: string): Promise<api.TrashView> {
    return this.#run(undefined, (done) => void this.#core.folderRestore(what, done))
  }

  // ---- inside

  /** Throws once the peer is being closed. */
  get #core(): Core {
    if (this.#opened.isOpen()) return this.#opened.peer
    throw this.#ended.signal.reason ?? new OperationalError('this peer is being closed')
  }

  #run<T>(signal: AbortSignal | undefined, start: Parameters<typeof operation<T>>[2]): Promise<T> {
    return operation(this.#ended.signal, signal, start)
  }
}

function value<T>(result: api.Result<T>): T {
  if (result.ok) return result.value
  throw new OperationalError(result.message)
}
