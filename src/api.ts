/**
 * What one peer offers to the console, the command line and the library. The JSON shapes here are the contract of
 * `--json` (names and units included): scripts rely on them.
 */
import type { Role, TaskService } from '../wire/messages/membership.js'
import type { Address, Hash, PeerId } from '../wire/types.js'
import type { Cancel, LogLevel } from './env.js'
import type {
  ChunkMapView,
  FileView,
  HoldersView,
  ManifestView,
  RequestedView,
  StoredView,
  TransferView,
} from './file-views.js'
import type { FolderApi, FolderView } from './folder-views.js'

export type * from './file-views.js'
export type * from './folder-views.js'

/** Why something was not done. `message` says what to do next. */
export interface Failure {
  /** 'refused' exits 1, 'usage' 2, 'timeout' 4. */
  readonly kind: 'refused' | 'usage' | 'timeout'
  readonly message: string
}

export type Result<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & Failure)
export type Done<T> = (result: Result<T>) => void

export const done = <T>(value: T): Result<T> => ({ ok: true, value })
export const refused = (message: string): Result<never> => ({ ok: false, kind: 'refused', message })

/** How far a long command is; `total` 0 where unknown. */
export interface Progress {
  readonly text: string
  readonly done: number
  readonly total: number
  readonly unit: 'bytes' | 'chunks' | 'headers' | 'hashes' | ''
}
export type OnProgress = (progress: Progress) => void

// ---- status and peers

export interface StatusView {
  readonly id: PeerId
  readonly name: string
  readonly address: Address
  readonly network: string
  readonly role: Role
  readonly peers: number
  readonly height: number
  readonly tip: Hash
  readonly files: number
  readonly transfers: number
  /** Bytes of the copies that this peer keeps of stored files, and how many they may be. */
  readonly keptBytes: number
  readonly quotaBytes: number
  readonly hashRate: number
  readonly clockOffsetMs: number
}

export type PeerState = 'up' | 'dialing' | 'suspect' | 'down'

export interface PeerView {
  readonly id: PeerId
  readonly name: string
  readonly address: Address
  readonly state: PeerState
  /** Smoothed, of the link's pings; null before the first answer. */
  readonly rttMs: number | null
  /** Bytes over all links to that peer since they opened. */
  readonly sent: number
  readonly received: number
  readonly role: Role
  /** `try 3 in 4 s`, `no answer for 2 s`: shown where the state is not 'up'. */
  readonly detail: string
  /** Bytes a second over all links to that peer, over about 2 s. */
  readonly down: number
  readonly up: number
  /** Name and version of its program, as its hello said; '' before. */
  readonly software: string
  /** When it came up, milliseconds since the epoch; null while it is not up. A link that comes back soon keeps it. */
  readonly since: number | null
  /** 0 to 100: how much of what was asked of it lately it answered right and in time (docs/membership.md). */
  readonly score: number
  /** Of a dedicated anchor: its tasks beside `admission`, and whether there is a link with each. */
  readonly tasks: readonly { readonly service: TaskService; readonly address: Address; readonly up: boolean }[]
  /** Of a dedicated anchor: files that it says it holds whole, as far as it told this peer (which keeps only some names). */
  readonly copies?: number
}

// ---- ring

export interface RingNeighbour {
  readonly id: PeerId
  readonly name: string
}

/** As the ring's own pings see it. */
export interface WatchedNeighbour extends RingNeighbour {
  readonly state: 'alive' | 'suspect'
  /** Smoothed round trip; null where it was not asked yet. */
  readonly rttMs: number | null
}

export interface RingView {
  readonly id: PeerId
  readonly successors: readonly WatchedNeighbour[]
  readonly predecessors: readonly WatchedNeighbour[]
  readonly fingers: readonly RingNeighbour[]
  /** How many names this peer holds by ring duty. */
  readonly keys: number
}

export interface LookupView {
  readonly key: Hash
  readonly owner: PeerId
  readonly replicas: readonly PeerId[]
  /** Peers asked, in order, ourselves first. */
  readonly path: readonly PeerId[]
}

/** The newest lookup, while it runs and afterwards. */
export interface LookupProgress {
  readonly name: string
  readonly key: Hash
  /** Peers that answered so far, in order, ourselves first. */
  readonly path: readonly PeerId[]
  /** null while it runs, and where it failed. */
  readonly owner: PeerId | null
  readonly state: 'running' | 'done' | 'failed'
}

// ---- ledger

export interface VoteView {
  readonly status: 'added' | 'pending' | 'invalid'
  readonly ballot: Hash
  /** Empty until mined. */
  readonly block: Hash | ''
  readonly height: number
  /** Why it is invalid, and what to do; '' otherwise. */
  readonly reason: string
}

export interface TallyView {
  readonly poll: string
  readonly height: number
  readonly final: boolean
  readonly total: number
  /** Most chosen first; of a registered poll all options, those that nobody chose with 0. */
  readonly choices: Readonly<Record<string, number>>
  /** '' of an open poll, and where none was asked. */
  readonly question: string
  /** Of a registered poll, in the order of its author; none: any choice counts. */
  readonly options: readonly string[]
  /** Unix seconds, by the time of blocks; null: never. */
  readonly closes: number | null
  /** How many peers have a ballot each; null: any voter has one. */
  readonly roll: number | null
  /** 'ended': no ballot is taken any more, but no block says so yet. */
  readonly state: 'open' | 'ended' | 'final'
}

/** A poll to register. */
export interface PollDraft {
  readonly poll: string
  /** May be empty. */
  readonly question: string
  /** 2 to 16. */
  readonly options: readonly string[]
  /** Unix seconds; 0: never. */
  readonly closes: number
  /** At most 32; empty: any voter. */
  readonly roll: readonly PeerId[]
}

export interface RecordView {
  readonly id: Hash
  readonly kind: 'note' | 'ballot' | 'poll' | 'close'
  /** Author's peer id. */
  readonly author: PeerId
  /**
   * `{text}` of a note; `{poll, voter, choice}` of a ballot; `{poll, question, options, closes, roll}` of a poll, in words;
   * `{poll}` of a close.
   */
  readonly data: Readonly<Record<string, string>>
}

export interface BlockView {
  readonly height: number
  readonly hash: Hash
  readonly previous: Hash
  readonly time: number
  readonly bits: number
  readonly nonce: number
  readonly records: readonly RecordView[]
}

export interface ChainView {
  readonly height: number
  readonly tip: Hash
  /** Cumulative, decimal digits. */
  readonly work: string
  readonly blocks: readonly BlockView[]
}

export interface ReceiptView {
  readonly ballot: Hash
  readonly block: Hash
  readonly height: number
  /** RFC 6962 inclusion proof, from the leaf's sibling up. */
  readonly proof: readonly Hash[]
  readonly confirmations: number
}

/** Live, for the chain pane and the header line. */
export interface MiningView {
  readonly mode: MineMode
  readonly active: boolean
  readonly hashRate: number
  /** Expected hashes for the next block. */
  readonly difficulty: number
  readonly pending: number
  /** Headers or blocks still to fetch, 0 when in step. */
  readonly syncing: { readonly done: number; readonly total: number } | null
  readonly forks: readonly { readonly hash: Hash; readonly height: number; readonly behind: number }[]
}

export type MineMode = 'own' | 'always' | 'never'

export interface InviteView {
  readonly ticket: string
  readonly addresses: readonly Address[]
}

export interface LogLine {
  readonly time: number
  readonly level: LogLevel
  readonly text: string
}

/** The poll of a ballot that names none. */
export const DEFAULT_POLL = 'main'

// ---- the peer

/** One frozen picture of everything the console shows; cut at a fixed rate, never live objects. */
export interface Snapshot {
  readonly status: StatusView
  readonly peers: readonly PeerView[]
  readonly ring: RingView
  /** The last 32 blocks at most, newest first. */
  readonly chain: ChainView
  readonly mining: MiningView
  readonly tallies: readonly TallyView[]
  readonly files: readonly FileView[]
  readonly transfers: readonly TransferView[]
  /** Of the unfinished downloads, the 8 newest at most: the user's own, then copies kept by ring duty. */
  readonly chunkMaps: readonly ChunkMapView[]
  readonly lookup: LookupProgress | null
  readonly folder: FolderView
  /** Bytes a second over all links, right now. */
  readonly rates: { readonly down: number; readonly up: number }
}

export interface StoreOptions {
  /** Name in the network; the file's own name where absent. */
  readonly as?: string
  readonly force?: boolean
  /** Of `store`: each chunk is kept by owners of its own, so that nobody has to keep the whole file. */
  readonly spread?: boolean
}

export type ShareOptions = Omit<StoreOptions, 'spread'>

export interface RequestOptions {
  /** Absolute path of the finished file. */
  readonly target: string
  /** Replace an existing file. */
  readonly force?: boolean
}

export interface WaitOptions {
  /** After this long `done` says 'pending' and the record stays in the mempool; null waits for ever. */
  readonly timeoutMs: number | null
}

export interface VoteOptions extends WaitOptions {
  readonly poll: string
}

export interface PeerApi extends FolderApi {
  status(): StatusView
  snapshot(): Snapshot
  peers(): readonly PeerView[]
  /** A host:port of the own network. (Tickets of other networks are the host's business.) */
  join(address: Address, done: Done<PeerView>): void
  /** Closes the link to that peer (id, unique id prefix or name) and does not dial it again until it or we ask. */
  leave(peer: string, done: Done<PeerView>): void
  addresses(): readonly Address[]

  vote(voter: string, choice: string, options: VoteOptions, progress: OnProgress, done: Done<VoteView>): Cancel
  note(text: string, options: WaitOptions, progress: OnProgress, done: Done<VoteView>): Cancel
  /** Registers a poll for good; answers as `vote` does. */
  createPoll(poll: PollDraft, options: WaitOptions, progress: OnProgress, done: Done<VoteView>): Cancel
  tally(poll: string): TallyView
  polls(): readonly string[]
  chain(last: number): ChainView
  receipt(ballot: string): Result<ReceiptView>
  setMining(mode: MineMode): void
  mining(): MiningView

  ring(): RingView
  lookup(name: string, done: Done<LookupView>): void

  store(path: string, options: StoreOptions, progress: OnProgress, done: Done<StoredView>): Cancel
  share(path: string, options: ShareOptions, progress: OnProgress, done: Done<StoredView>): Cancel
  /** `what` is a name, `name@publisher` or a `p2p:` link. */
  request(what: string, options: RequestOptions, progress: OnProgress, done: Done<RequestedView>): Cancel
  remove(name: string, done: Done<StoredView>): void
  /** All names known to the network; `pattern` is a glob. */
  files(pattern: string, done: Done<readonly FileView[]>): void
  manifest(what: string, done: Done<ManifestView>): void
  holders(what: string, done: Done<HoldersView>): void
  transfers(): readonly TransferView[]
  control(transfer: number, action: 'pause' | 'resume' | 'cancel'): Result<TransferView>

  /** Graceful: hands over, says goodbye; at most 10 s. */
  quit(done: () => void): void
  /** Something visible changed; called often, so only mark yourself dirty. */
  onChange: () => void
}
