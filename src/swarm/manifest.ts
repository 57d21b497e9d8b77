/**
 * What a file consists of: size, cut and chunk hashes, signed by its publisher. The id is the SHA-256 of the canonical
 * unsigned bytes, so whoever knows the id can check a manifest from anybody, and every chunk after it.
 * Invariant: the chunk size follows from the size alone, so equal files are cut equally everywhere.
 */
import { decodeCanonical, encodeCanonical, signedText } from '../../wire/canonical.js'
import type { Value } from '../../wire/field.js'
import { isHash, sha256 } from '../../wire/hash.js'
import { MAX_CHUNKS, MAX_NAME_BYTES, manifestBody, signedManifest } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env, Layout, SignedText } from '../env.js'

const MIN_CHUNK_BYTES = 256 * 1024
const MAX_CHUNK_BYTES = 16 * 1024 * 1024
export const MAX_FILE_BYTES = MAX_CHUNK_BYTES * MAX_CHUNKS
const HASH_BYTES = 32

export type SignedManifest = Value<typeof signedManifest>

export interface Manifest {
  readonly id: Hash
  readonly name: string
  readonly publisher: PeerId
  readonly version: number
  readonly layout: Layout
  readonly chunkCount: number
  readonly signed: SignedManifest
}

/** Smallest power of two >= 256 KiB that cuts the file into at most 16,384 chunks. */
export function chunkSizeFor(sizeBytes: number): number {
  let chunkSize = MIN_CHUNK_BYTES
  while (chunkSize < MAX_CHUNK_BYTES && sizeBytes > chunkSize * MAX_CHUNKS) chunkSize *= 2
  return chunkSize
}

export function chunkCountOf(layout: Pick<Layout, 'size' | 'chunkSize'>): number {
  return Math.ceil(layout.size / layout.chunkSize)
}

/** Bytes of one chunk: the last one may be short. */
export function chunkBytes(layout: Pick<Layout, 'size' | 'chunkSize'>, index: number): number {
  return Math.min(layout.chunkSize, layout.size - index * layout.chunkSize)
}

/** Makes and signs the manifest of a file of our own. */
export function makeManifest(env: Env, chain: Hash, name: string, version: number, layout: Layout): Manifest {
  const body = { name, ...layout, publicKey: env.identity.publicKey, version }
  const bytes = encodeCanonical(manifestBody, body)
  const signature = env.sign(signedText('manifest', chain, bytes))
  return toManifest({ body, signature }, bytes)
}

/** Reads a peer's manifest; null where its cut or its name breaks the rules. The signature is not checked here. */
export function readManifest(signed: SignedManifest): Manifest | null {
  const { body } = signed
  if (checkName(body.name) !== null || body.size > MAX_FILE_BYTES) return null
  if (body.chunkSize !== chunkSizeFor(body.size)) return null
  if (body.hashes.length !== chunkCountOf(body) * HASH_BYTES) return null
  return toManifest(signed, encodeCanonical(manifestBody, body))
}

/** What a worker must verify before a manifest of a peer is believed. */
export function manifestText(chain: Hash, { body, signature }: SignedManifest): SignedText {
  const text = signedText('manifest', chain, encodeCanonical(manifestBody, body))
  return { publicKey: body.publicKey, text, signature }
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  return encodeCanonical(signedManifest, manifest.signed)
}

/** Reads what `encodeManifest` wrote to our own store. */
export function decodeManifest(bytes: Uint8Array): Manifest | null {
  return readManifest(decodeCanonical(signedManifest, bytes))
}

/** Why a name cannot be used, or null: NFC, 1 to 255 bytes, no path separators, no control characters. */
export function checkName(name: string): string | null {
  if (name === '' || name === '.' || name === '..') return 'a name cannot be empty, "." or ".."'
  if (name.normalize('NFC') !== name) return 'a name must be in Unicode normal form C'
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `a name has at most ${MAX_NAME_BYTES} bytes`
  if (/[/\\\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(name)) {
    return 'a name has no slashes and no control characters'
  }
  return null
}

/** Ring place of a name, where its register, manifest and content are kept. */
export function keyOf(name: string): Hash {
  return sha256(Buffer.from(name, 'utf8'))
}

/** `p2p:<id>?name=<name>`: tells a file by its content, whatever its name means meanwhile. */
export function formatLink(id: Hash, name: string): string {
  return `p2p:${id}?name=${encodeURIComponent(name)}`
}

/** Reads a link; null where it is none. The name is a hint that tells which keepers to ask. */
export function parseLink(text: string): { readonly id: Hash; readonly name: string | null } | null {
  const match = /^p2p:([0-9a-fA-F]{64})(?:\?name=([^&]*))?$/.exec(text.trim())
  const id = match?.[1]?.toLowerCase() ?? ''
  if (match === null || !isHash(id)) return null
  const name = match[2] === undefined ? null : decodePercent(match[2])
  return { id, name: name !== null && checkName(name) === null ? name : null }
}

function decodePercent(text: string): string | null {
  const bytes = text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  if (/[^\0-\xff]/.test(bytes)) return null
  return Buffer.from(bytes, 'latin1').toString('utf8').normalize('NFC')
}

function toManifest(signed: SignedManifest, bytes: Uint8Array): Manifest {
  const { body } = signed
  const layout = { size: body.size, chunkSize: body.chunkSize, hashes: body.hashes }
  return {
    id: sha256(bytes),
    name: body.name,
    publisher: sha256(body.publicKey) as PeerId,
    version: body.version,
    layout,
    chunkCount: chunkCountOf(layout),
    signed,
  }
}
