/** Numbers 80-99: the shared folder. The bytes of blocks come in raw chunk frames (number 72). */
import {
  bool,
  bytes,
  hash,
  integer,
  list,
  oneOf,
  option,
  peerId,
  struct,
  text,
  u16,
  u32,
  u53,
  type Values,
} from '../field.js'
import { declare } from '../message.js'

/** UTF-8 bytes of a path below the folder, `/` between its segments. */
export const MAX_PATH_BYTES = 1024
/** Authors that a version vector remembers. */
export const MAX_VECTOR = 128
/** Larger counters (unix seconds, or a step above) and later times are no clock's. */
export const MAX_COUNTER = 2 ** 48
/** The end of the year 9999, ms since the epoch. */
export const MAX_TIME_MS = 253_402_300_799_000
export const MAX_BLOCKS = 16_384
/** Buckets of paths that two peers compare; 8 bytes of digest each. */
export const FOLDER_BUCKETS = 256
export const FOLDER_DIGEST_BYTES = 8
export const MAX_ENTRIES_PER_MESSAGE = 256
/** Of entries in one message; one entry may always travel alone. */
export const FOLDER_NEWS_BYTES = 48 * 1024
export const MAX_BLOCKS_PER_REQUEST = 256
/** All blocks of one request together, where they are more than one. */
export const MAX_REQUEST_BYTES = 1 << 20

export const ENTRY_KINDS = ['file', 'directory', 'deleted'] as const
export type EntryKind = (typeof ENTRY_KINDS)[number]

/** Counters by author, ascending by author. */
export const versionVector = list(struct('counter', { peer: peerId, counter: integer(1, MAX_COUNTER) }), MAX_VECTOR)

const entryFields = {
  path: text(MAX_PATH_BYTES),
  kind: oneOf(ENTRY_KINDS),
  /** Bytes of a file; 0 of all others. */
  size: u53,
  /** Of a file what its author's disk said, of others when they were made or deleted; ms since the epoch. */
  mtimeMs: integer(0, MAX_TIME_MS),
  executable: bool,
  /** Of a file (see docs/folder.md); nil of all others. */
  content: option(hash),
  /** Who made this version. */
  author: peerId,
  /** What its author had seen, this edit included; nil where that is all of `vector`. */
  made: option(versionVector),
  /** The versions that it stands for: what was seen, and what it won against. */
  vector: versionVector,
} as const

/** One path of the folder as somebody knows it. */
export const folderEntry = struct('folder entry', entryFields)
export type EntryFields = Values<typeof entryFields>

export const folderMessages = {
  folderDigest: declare(
    80,
    'control',
    'takes part in the folder, and what of it the sender knows; what differs is told in folderNews',
    { buckets: bytes(FOLDER_BUCKETS * FOLDER_DIGEST_BYTES) },
  ),
  folderNews: declare(
    81,
    'control',
    'entries that are new or differ; passed on by whoever adopts them. `held`: the sender has their bytes on its disk',
    { entries: list(struct('told entry', { entry: folderEntry, held: bool }), MAX_ENTRIES_PER_MESSAGE) },
    { limit: 65_536 },
  ),
  folderContentGet: declare(82, 'data', 'asks for the block hashes of a content of several blocks', {
    request: u32,
    content: hash,
  }),
  folderContent: declare(
    83,
    'data',
    'those, one after the other; nil where unknown',
    { request: u32, blocks: option(bytes(64, MAX_BLOCKS * 32)) },
    { limit: 1 << 20 },
  ),
  folderBlocksGet: declare(
    84,
    'data',
    'asks for blocks by hash and size; they come in one chunk frame, one after the other',
    {
      request: u32,
      blocks: list(struct('block', { hash, size: integer(1, 1 << 24) }), MAX_BLOCKS_PER_REQUEST),
    },
    { limit: 16_384 },
  ),
  folderBlocksRefused: declare(85, 'data', 'these blocks of that request are not to be had here; none of it comes', {
    request: u32,
    missing: list(u16, MAX_BLOCKS_PER_REQUEST),
  }),
} as const
