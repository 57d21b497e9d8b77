/**
 * Who this peer is: an Ed25519 key (RFC 8032) in its state directory, mode 0600, made once and kept for ever.
 * The id is the key's SHA-256; a name given once is remembered, else the id's first two bytes pick two words.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperationalError } from '../../wire/errors.js'
import { sha256 } from '../../wire/hash.js'
import type { PeerId } from '../../wire/types.js'
import type { Identity } from '../env.js'
import { createFile, errorCode, errorText, replaceFile } from './durable.js'
import { BEASTS, THINGS } from './words.js'

/** A SubjectPublicKeyInfo of Ed25519 is this much header, then the 32 raw bytes (RFC 8410). */
const SPKI_HEADER_BYTES = 12
const MAX_NAME_BYTES = 64

export interface KeyPair {
  readonly id: PeerId
  /** Raw, 32 bytes. */
  readonly publicKey: Uint8Array
  readonly privateKey: KeyObject
}

/** Loads the key of a state directory, making it at the first start. */
export function loadKeyPair(stateDirectory: string): KeyPair {
  const path = join(stateDirectory, 'identity.pem')
  const pem = readIfThere(path)
  if (pem !== null) return parse(path, pem)
  const made = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  try {
    createFile(path, made)
  } catch (error) {
    throw new OperationalError(`cannot write ${path}: ${errorText(error)}`)
  }
  return parse(path, readIfThere(path) ?? made)
}

/** A process that begins now under this key. */
export function identityOf(keys: KeyPair, name: string): Identity {
  const { id, publicKey } = keys
  return { id, publicKey, name, bootNonce: new Uint8Array(randomBytes(8)), startTime: Date.now() }
}

/** Ed25519 over `text`, 64 bytes. */
export function signWith(pair: KeyPair, text: Uint8Array): Uint8Array {
  return new Uint8Array(sign(null, text, pair.privateKey))
}

/** Why a peer cannot be called so; null: it can. */
export function namingFault(given: string): string | null {
  const name = given.normalize('NFC').trim()
  if (name !== '' && Buffer.byteLength(name) <= MAX_NAME_BYTES && !/[\p{C}\p{Z}@]/u.test(name)) return null
  return `${JSON.stringify(given)} is no name for a peer: use 1 to ${MAX_NAME_BYTES} bytes without spaces or @`
}

/** The peer's name: `given` (remembered from now on), else the remembered one, else two words from the id. */
export function peerName(stateDirectory: string, id: PeerId, given: string | null): string {
  const path = join(stateDirectory, 'name')
  if (given === null) return readIfThere(path)?.trim() || wordsOf(id)
  const why = namingFault(given)
  if (why !== null) throw new OperationalError(why)
  const name = given.normalize('NFC').trim()
  try {
    replaceFile(path, `${name}\n`)
  } catch (error) {
    throw new OperationalError(`cannot write ${path}: ${errorText(error)}`)
  }
  return name
}

/** `otter-lime`: the same two words for the same id, everywhere. */
export function wordsOf(id: PeerId): string {
  const [beast = 0, thing = 0] = Buffer.from(id.slice(0, 4), 'hex')
  return `${BEASTS[beast]}-${THINGS[thing]}`
}

function parse(path: string, pem: string): KeyPair {
  try {
    const privateKey = createPrivateKey(pem)
    if (privateKey.asymmetricKeyType !== 'ed25519') throw new Error('not an Ed25519 key')
    const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
    const publicKey = new Uint8Array(spki.subarray(SPKI_HEADER_BYTES))
    chmodSync(path, 0o600)
    return { id: sha256(publicKey) as PeerId, publicKey, privateKey }
  } catch (error) {
    throw new OperationalError(
      `${path} holds no usable key (${errorText(error)}): restore it, or remove it to become a new peer`,
    )
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw new OperationalError(`cannot read ${path}: ${errorText(error)}`)
  }
}
