/** Numbers 60-79 and 110-119: names, manifests, holders and chunks. Number 72 is the raw chunk frame, never decoded. */
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

export const MAX_CHUNKS = 16_384
export const MAX_NAME_BYTES = 255
/** Bytes of a bitmap over the most chunks a file may have. */
export const MAX_BITMAP_BYTES = MAX_CHUNKS / 8
/** Buckets of names that two peers compare; 4 bytes of digest each. */
export const NAME_BUCKETS = 256
/** Buckets of claims that two peers compare; 4 bytes of digest each. */
export const CLAIM_BUCKETS = 32
export const MAX_REGISTERS_PER_MESSAGE = 64
export const MAX_IDS_PER_MESSAGE = 256

/** Claims in one message, each with up to two bitmaps. */
export const MAX_CLAIMS_PER_MESSAGE = 128

/**
 * Who keeps a file's content. `served`: its publisher, and whoever fetched it. `copies`: the owners of its name, whole.
 * `spread`: each chunk is kept by the owners of that chunk's own key.
 */
export const KEEPINGS = ['served', 'copies', 'spread'] as const
export type KeepingKind = (typeof KEEPINGS)[number]

/** What one publisher last said of one name; its signature covers the canonical bytes of these fields. */
export const registerBody = struct('register', {
  name: text(MAX_NAME_BYTES),
  publicKey: bytes(32),
  /** Raised with every change; the highest wins. */
  version: integer(1, 0xffffffff),
  /** Nil where the publisher removed the name. */
  manifest: option(hash),
  size: u53,
  keeping: oneOf(KEEPINGS),
  /** When this publisher first published the name, ms since the epoch. */
  since: u53,
  /** When this version was signed. */
  time: u53,
})

export const signedRegister = struct('signed register', { body: registerBody, signature: bytes(64) })

/** What a file consists of; its id is the SHA-256 of the canonical bytes of these fields. */
export const manifestBody = struct('manifest', {
  name: text(MAX_NAME_BYTES),
  size: u53,
  chunkSize: u32,
  /** BLAKE3 of each chunk, one after the other. */
  hashes: bytes(0, MAX_CHUNKS * 32),
  publicKey: bytes(32),
  version: integer(1, 0xffffffff),
})

export const signedManifest = struct('signed manifest', { body: manifestBody, signature: bytes(64) })

/**
 * How much of a file a peer holds. `listed`: register and manifest only, durable. `some`: the chunks of the bitmap.
 * `all`: every chunk, in a file of its user. `kept`: a durable copy of its own, by ring duty.
 */
export const HOLDING_STATES = ['none', 'listed', 'some', 'all', 'kept'] as const
export type HoldingState = (typeof HOLDING_STATES)[number]

const holding = {
  state: oneOf(HOLDING_STATES),
  chunks: bytes(0, MAX_BITMAP_BYTES),
  /** Of a spread file: durable copies of single chunks, by ring duty; empty where there are none. */
  kept: bytes(0, MAX_BITMAP_BYTES),
} as const
export const claim = struct('claim', { manifest: hash, ...holding })
export const holder = struct('holder', { peer: peerId, ...holding })

export type ClaimFields = Values<{ manifest: typeof hash } & typeof holding>
export type HolderFields = Values<{ peer: typeof peerId } & typeof holding>

/** Why a peer does not keep a file that it was asked to keep. */
export const KEEP_REFUSALS = ['full', 'elsewhere', 'removed', 'busy'] as const

const manifestIds = list(hash, MAX_IDS_PER_MESSAGE)

export const swarmMessages = {
  nameNews: declare(
    60,
    'control',
    'registers that are new; passed on by whoever did not know them',
    { registers: list(signedRegister, MAX_REGISTERS_PER_MESSAGE) },
    { limit: 65_536 },
  ),
  nameListGet: declare(61, 'control', 'asks for the registers in which the two differ, after a cursor', {
    request: u32,
    /** 4 bytes a bucket: the exclusive or of the register ids in it. */
    digests: bytes(NAME_BUCKETS * 4),
    after: text(512),
  }),
  nameList: declare(
    62,
    'control',
    'a page of registers; `next` is the cursor of the next page',
    { request: u32, registers: list(signedRegister, MAX_REGISTERS_PER_MESSAGE), next: option(text(512)) },
    { limit: 65_536 },
  ),
  nameFind: declare(63, 'control', 'asks a keeper for all registers of a name', {
    request: u32,
    name: text(MAX_NAME_BYTES),
  }),
  nameFound: declare(
    64,
    'control',
    'the registers that the sender knows of a name',
    { request: u32, registers: list(signedRegister, MAX_REGISTERS_PER_MESSAGE) },
    { limit: 65_536 },
  ),
  manifestGet: declare(65, 'control', 'asks for a manifest by its id', { request: u32, manifest: hash }),
  manifestIs: declare(
    66,
    'control',
    'the manifest, nil where unknown',
    { request: u32, manifest: option(signedManifest) },
    { limit: 1 << 20 },
  ),
  manifestPut: declare(
    67,
    'control',
    'a register for its keeper, with its manifest where live',
    { register: signedRegister, manifest: option(signedManifest) },
    { limit: 1 << 20 },
  ),
  manifestStored: declare(68, 'control', 'register and manifest of a manifestPut are durable here', { register: hash }),
  keepAsk: declare(
    69,
    'control',
    'asks an owner to keep these files; `leaving`: to keep the chunks that it owns once the sender is gone',
    { manifests: manifestIds, leaving: bool },
    { limit: 16_384 },
  ),
  chunkGet: declare(70, 'data', 'asks for one chunk', { request: u32, blob: hash, index: u32 }),
  chunkRefused: declare(71, 'data', 'that chunk is not to be had here', { request: u32, reason: text(128) }),
  keepRefused: declare(73, 'control', 'why the sender does not keep a file', {
    manifest: hash,
    reason: oneOf(KEEP_REFUSALS),
  }),
  manifestWant: declare(
    74,
    'control',
    'asks for the manifests (as manifestPut) behind a keepAsk',
    { manifests: manifestIds },
    { limit: 16_384 },
  ),
  chunksHave: declare(
    75,
    'control',
    'what the sender holds now; a hint with a lifetime of 90 s',
    { claims: list(claim, MAX_CLAIMS_PER_MESSAGE) },
    { limit: 1 << 20 },
  ),
  holdersGet: declare(76, 'control', 'asks who holds which chunks of a file', { request: u32, manifest: hash }),
  holdersAre: declare(
    77,
    'control',
    'holders that the sender knows of, itself included, in rotating order',
    { request: u32, holders: list(holder, 32) },
    { limit: 262_144 },
  ),
  countsGet: declare(
    78,
    'control',
    'asks how many hold each file, of a spread file its rarest chunk',
    { request: u32, manifests: list(hash, 1000) },
    { limit: 65_536 },
  ),
  countsAre: declare(
    79,
    'control',
    'numbers of holders known to the sender, in the order asked',
    { request: u32, counts: list(u16, 1000) },
    { limit: 16_384 },
  ),
  claimsDigest: declare(
    110,
    'control',
    'of what the sender told in chunksHave since the link is up; renews what agrees',
    {
      /** 4 bytes a bucket (first byte of the manifest id, modulo 32). */
      digests: bytes(CLAIM_BUCKETS * 4),
    },
  ),
  chunkWrong: declare(112, 'control', 'a chunk of this file that came from the receiver was not what its hash says', {
    manifest: hash,
  }),
  claimsWant: declare(111, 'control', 'asks for the claims again in the buckets of this bitmap', {
    buckets: bytes(CLAIM_BUCKETS / 8),
  }),
} as const
