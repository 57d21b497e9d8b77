/**
 * All that the core may ask of the world. The host (src/host) answers with sockets, LMDB, files and worker threads;
 * the simulator (test/sim) with virtual time and seeded faults. Everything is callback-based: no `await` in the core,
 * so the order of effects is the order of code. No callback is ever called inside the call that registered it.
 */
import type { CloseCode } from '../wire/errors.js'
import type { Service } from '../wire/messages/link.js'
import type { Message } from '../wire/messages.js'
import type { Address, Hash, PeerId } from '../wire/types.js'
import type { Datagram } from '../wire/udp-datagram.js'

/** Stops what it was handed out for; calling it again does nothing. */
export type Cancel = () => void

/** From chatter to trouble; 'notice' is an 'info' that a person at the console should see at once. */
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export interface Env {
  readonly identity: Identity
  readonly network: Network
  /** Monotonic milliseconds; tells durations only. */
  now(): number
  /** Milliseconds since the epoch; may jump. */
  wallTime(): number
  /** Calls `fn` once after `delayMs` or later. */
  after(delayMs: number, fn: () => void): Cancel
  /** In [0, 1). */
  random(): number
  randomBytes(count: number): Uint8Array
  /** Ed25519 over `text` with the peer's own key, 64 bytes. */
  sign(text: Uint8Array): Uint8Array
  readonly links: Links
  readonly datagrams: Datagrams
  readonly store: Store
  readonly chunks: Chunks
  readonly workers: Workers
  /** Where other peers of this network may be: this user's own, from the runtime directory, and those on the local network. */
  localPeers(done: (addresses: readonly Address[]) => void): void
  log(level: LogLevel, text: string): void
  /** The world broke a promise (disk full, database unwritable): the peer stops with this message. */
  fatal(reason: string): void
}

export interface Identity {
  readonly id: PeerId
  /** Raw Ed25519 public key, 32 bytes; its SHA-256 is the id. */
  readonly publicKey: Uint8Array
  readonly name: string
  /** 8 random bytes, new at every start. */
  readonly bootNonce: Uint8Array
  /** Milliseconds since the epoch at start. */
  readonly startTime: number
}

/** What all peers of one network share. The secret itself stays with the host. */
export interface Network {
  readonly name: string
  /** A hash of the secret that tells nothing about it; picks the rendezvous ports. */
  readonly tag: Hash
  /** 32 bytes: HKDF(secret, 'genesis'), the seed of the genesis block. */
  readonly genesisSeed: Uint8Array
}

// ---- links

/** One secure link to a proven peer. Ids are proven by the link layer before the core sees the link. */
export interface Link {
  /** Unique within this process. */
  readonly serial: number
  readonly peer: PeerId
  readonly publicKey: Uint8Array
  /** True where we dialed. */
  readonly dialed: boolean
  /** The service it was dialed for; on an accepted link 'control' until the hello is read. */
  readonly remote: Address
  readonly local: Address
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly closed: boolean
  /** 'full': it was queued, but send no more until `drained`. Sending on a closed link does nothing. */
  send(message: Message): 'sent' | 'full'
  /** Both hellos passed: messages of this service are allowed from now on, the greeting timer ends. */
  promote(service: Service): void
  /** Sends `close` and ends the link; `closed` follows with the same code. */
  close(code: CloseCode, reason: string): void
}

export interface LinkHandler {
  message(link: Link, message: Message): void
  drained(link: Link): void
  /** Last call for this link; `by` says who closed it. */
  closed(link: Link, code: CloseCode, reason: string, by: 'us' | 'them' | 'network'): void
}

/** Told apart for the user (DESIGN 4). */
export type DialFailure =
  | 'refused'
  | 'timeout'
  | 'wrong-network'
  | 'unknown-host'
  | 'unreachable'
  | 'wrong-peer'
  | 'closed'
  | 'cancelled'

export interface DialOptions {
  readonly service: Service
  /** Refuse any other peer. */
  readonly expect?: PeerId
  /** From connect to introduction, both included. */
  readonly timeoutMs: number
  opened(link: Link): LinkHandler
  failed(failure: DialFailure, detail: string): void
}

export interface Listener {
  readonly address: Address
  close(): void
}

export interface Links {
  dial(address: Address, options: DialOptions): Cancel
  /** Port 0 picks a free one. `failed` says 'in use', 'not local' or another short reason. */
  listen(address: Address | `${string}:0`, options: ListenOptions): void
}

export interface ListenOptions {
  listening(listener: Listener): void
  failed(reason: 'in-use' | 'not-local' | 'denied', detail: string): void
  /** Called for each introduced link that comes in. */
  accepted(link: Link): LinkHandler
}

// ---- datagrams

/**
 * Small authenticated datagrams beside the control links: each may be lost, late, out of order, but what arrives was
 * sent by that peer, once. Where UDP does not work nothing arrives, which is no sign of anything.
 */
export interface Datagrams {
  /** Its number among those sent over the present link, which the answer repeats; null: no way to that peer now. */
  send(peer: PeerId, datagram: Datagram): number | null
  onDatagram: (from: PeerId, datagram: Datagram, sequence: number) => void
  /** The system says that nobody listens where that peer did. Anybody can make it say so: a hint, no proof. */
  onRefused: (peer: PeerId) => void
}

// ---- storage

export const TABLES = [
  'meta',
  'headers',
  'blocks',
  'records',
  'names',
  'manifests',
  'holdings',
  'loose',
  'peers',
  'ring',
  'folder',
] as const
export type Table = (typeof TABLES)[number]

export type StoreOperation =
  | { readonly put: Table; readonly key: string; readonly value: Uint8Array }
  | { readonly remove: Table; readonly key: string }

/** A table store. Memory is authoritative: reads see writes at once; `done` follows when they are durable. */
export interface Store {
  get(table: Table, key: string): Uint8Array | undefined
  /** All entries in ascending key order (byte order of UTF-8). */
  entries(table: Table): Iterable<readonly [key: string, value: Uint8Array]>
  /** One atomic transaction, after all earlier ones. A failure is fatal for the peer, so there is no error here. */
  write(operations: readonly StoreOperation[], done?: () => void): void
}

// ---- chunk bytes, which never pass through the core

/** Size and cut of one file: chunk i is bytes [i * chunkSize, min(size, (i + 1) * chunkSize)). */
export interface Layout {
  readonly size: number
  readonly chunkSize: number
  /** BLAKE3 of each chunk, 32 bytes each, concatenated. */
  readonly hashes: Uint8Array
}

/** Proves that a user's file is still the one that was hashed. */
export interface FileStamp {
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
  readonly inode: number
}

export type ChunkOutcome = 'ok' | 'bad' | 'lost' | 'timeout' | 'refused'

/** Bit i set: chunk i is there. ceil(count / 8) bytes, bit 0 of byte 0 first. */
export type Bitmap = Uint8Array

export interface ChunkFetch {
  /** Manifest id of the file, as in `chunkGet`. */
  readonly blob: Hash
  readonly index: number
  /** Becomes a loose chunk (see `LooseChunks`), and not part of the file that is open for writing. */
  readonly loose?: boolean
  /** No bytes for this long: 'timeout'. */
  readonly stallMs: number
  /** Bytes as they come, for rates. */
  progress(bytes: number): void
  /** 'ok': verified and written (not yet synced). 'bad': wrong hash. Called exactly once. */
  done(outcome: ChunkOutcome): void
}

export interface Chunks {
  /** Reads a user's file once and hashes its chunks in workers. */
  hash(
    path: string,
    chunkSizeOf: (sizeBytes: number) => number,
    progress: (doneBytes: number, totalBytes: number) => void,
    done: (result: { readonly layout: Layout; readonly stamp: FileStamp } | { readonly error: string }) => void,
  ): Cancel
  /** Serves `blob` straight from a user's file, as long as the stamp still fits. */
  adopt(blob: Hash, layout: Layout, stamp: FileStamp): void
  /**
   * Opens or resumes a file for writing: `target` null means the peer's own blob folder, else the absolute path that the
   * finished file shall have (a sparse `.part` stands beside it until then). Answers which chunks are already durable.
   * A target that is already there is an error, here and in `finish`, unless `replace` is true.
   */
  open(
    blob: Hash,
    layout: Layout,
    target: string | null,
    done: (result: { readonly have: Bitmap } | { readonly error: string }) => void,
    replace?: boolean,
  ): void
  /** Fills chunks of an open blob from what else of it is on this machine (own blob, adopted file, loose chunks), verified. */
  copyLocal(blob: Hash, progress: (doneBytes: number) => void, done: (error: string | null) => void): void
  /** Asks for one chunk on a data link and sends `chunkGet` itself; the blob must be open. */
  fetch(link: Link, request: ChunkFetch): Cancel
  /** Queues one chunk of a blob that we hold onto a data link; at most 64 queued a link, the rest refused by the host. */
  serve(link: Link, request: number, blob: Hash, index: number): void
  /** Everything fetched so far is durable, and the resume state too. */
  sync(blob: Hash, done: (have: Bitmap) => void): void
  /** All chunks are there: sync, rename to the target, keep serving from it. Answers the final path and its stamp. */
  finish(
    blob: Hash,
    done: (result: { readonly path: string; readonly stamp: FileStamp } | { readonly error: string }) => void,
  ): void
  /** Forgets a blob; its bytes in the own blob folder and a `.part` are deleted, a finished user's file never. */
  drop(blob: Hash, done: () => void): void
  /** Looks whether these copies in the own blob folder are still the files that were finished; answers which are not. */
  check(blobs: readonly Hash[], done: (changed: readonly Hash[]) => void): void
  /**
   * Reads the copy in the own blob folder again and compares every chunk. One that is not right any more becomes an
   * unfinished one, which `open` resumes with the chunks that are right.
   */
  verify(blob: Hash, layout: Layout, done: (whole: boolean) => void): void
  readonly loose: LooseChunks
  /** A blob that was served turned out changed, gone or unreadable, or an open one cannot be written (disk full). */
  onLost: (blob: Hash, reason: string) => void
}

/**
 * Single chunks of a file, each a file of its own in the peer's folder, so that each can be deleted by itself. They are
 * served where there is no whole copy.
 */
export interface LooseChunks {
  /** Answers which are there, durable. */
  open(blob: Hash, layout: Layout, done: (result: { readonly have: Bitmap } | { readonly error: string }) => void): void
  /** Makes loose chunks of these from a whole copy on this machine, verified (not yet synced). */
  copy(blob: Hash, chunks: Bitmap, done: (error: string | null) => void): void
  /** Everything fetched or copied so far is durable; answers which chunks are there. */
  sync(blob: Hash, done: (have: Bitmap) => void): void
  /** Deletes these; null: all there are of a blob, open or not. */
  drop(blob: Hash, chunks: Bitmap | null, done: () => void): void
  /** A chunk turned out unreadable and is gone; null: chunks cannot be written or deleted. */
  onLost: (blob: Hash, index: number | null, reason: string) => void
}

// ---- worker threads

export interface SignedText {
  /** Raw Ed25519 key, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly text: Uint8Array
  readonly signature: Uint8Array
}

export interface Workers {
  /** Searches nonces of an 80-byte header until its double SHA-256 meets its own bits; null when the space is spent. */
  mine(header: Uint8Array, done: (solved: Uint8Array | null) => void): Cancel
  /** Hashes a second of the running job, 0 when idle. */
  hashRate(): number
  /** Strict Ed25519 (small-order and non-canonical keys refused), in the order given. */
  verify(batch: readonly SignedText[], done: (valid: readonly boolean[]) => void): void
}
